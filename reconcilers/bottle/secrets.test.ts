import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Bottle } from "../../crds/bottle.ts";
import { placeholderOf } from "../../sidecars/wire/placeholder.ts";
import type { SidecarsConfiguration } from "../../sidecars/wire/control.ts";
import { BottleWorld } from "../../tests/bottle-world.ts";
import { RUNNING } from "../../tests/observed-builder.ts";

const TOKEN = "the-real-token";
const route = (host: string) => ({ host, auth: { secretRef: { name: "token", key: "value" } } });
const spec = (...names: readonly string[]) => ({ egress: { routes: names.map(route) } });

describe("a bottle with a secret", () => {
  let world: BottleWorld;
  beforeEach(() => {
    world = new BottleWorld();
    world.secrets.set("token", { hosts: ["a.example"], key: "value", value: TOKEN, version: "1" });
  });
  afterEach(() => world.end());

  const enforced = (bottle: Bottle): SidecarsConfiguration | undefined =>
    world.sandbox(bottle, "sidecars")?.sidecars?.configuration;
  const running = async (): Promise<Bottle> => {
    const bottle = await world.apply(spec("a.example"));
    await world.converge();
    return bottle;
  };

  it("hands it to the sidecars, with its destinations, and to nobody else", async () => {
    const bottle = await running();

    expect(enforced(bottle)?.secrets).toEqual([
      {
        name: "token",
        key: "value",
        version: "1",
        value: TOKEN,
        destinations: ["a.example"],
        placeholder: placeholderOf(bottle.metadata.uid, { name: "token", key: "value" }),
      },
    ]);
    const elsewhere = JSON.stringify([
      await world.get(),
      [...world.engine.sandboxes.values()].map((sandbox) => [sandbox.spec, [...sandbox.files]]),
      world.events,
      world.engine.calls,
    ]);
    expect(elsewhere).not.toContain(TOKEN);
  });

  it("waits for a secret that does not exist, with nothing made, and goes on when it does", async () => {
    const secret = world.secrets.get("token")!;
    world.secrets.clear();
    const bottle = await world.apply(spec("a.example"));
    await world.converge();
    expect(await world.condition("SecretsAvailable")).toMatchObject({
      status: "False",
      reason: "SecretMissing",
    });
    expect(await world.condition("Ready")).toMatchObject({ status: "False", reason: "SecretMissing" });
    expect(world.engine.sandboxes.size).toBe(0);

    world.secrets.set("token", secret);
    await world.converge();

    expect(world.phases(bottle)).toEqual(RUNNING);
  });

  it("stalls on a route to a host that the owner did not name, and hands nothing out", async () => {
    const bottle = await world.apply(spec("a.example", "evil.example"));

    expect(await world.converge()).toMatchObject({ kind: "stalled", reason: "SecretNotBoundToHost" });

    expect(await world.condition("Ready")).toMatchObject({ status: "False", reason: "SecretNotBoundToHost" });
    expect((await world.condition("Stalled"))?.message).toContain("evil.example:443");
    expect(world.phases(bottle)).toEqual({});
  });

  it("takes the secret from sidecars that run when a route would carry it away", async () => {
    const bottle = await running();

    await world.apply(spec("a.example", "evil.example"));
    await world.converge();

    expect(enforced(bottle)?.secrets).toEqual([]);
    expect(enforced(bottle)?.egress.routes).toHaveLength(2);
    expect(world.phases(bottle)).toEqual(RUNNING);
  });

  it("pushes a new value in one pass, in place", async () => {
    const bottle = await running();
    world.secrets.set("token", { hosts: ["a.example"], key: "value", value: "rotated", version: "2" });

    await world.pass();

    expect(enforced(bottle)?.secrets).toMatchObject([{ version: "2", value: "rotated" }]);
    expect(await world.condition("Ready")).toMatchObject({ status: "True" });
  });

  it("pushes a narrowed binding in one pass", async () => {
    world.secrets.set("token", {
      hosts: ["a.example", "b.example"],
      key: "value",
      value: TOKEN,
      version: "1",
    });
    const bottle = await running();
    world.secrets.set("token", { hosts: ["a.example"], key: "value", value: TOKEN, version: "1" });

    await world.pass();

    expect(enforced(bottle)?.secrets).toMatchObject([{ destinations: ["a.example"] }]);
  });

  it("takes a deleted secret from sidecars that run", async () => {
    const bottle = await running();
    world.secrets.clear();

    await world.converge();

    expect(enforced(bottle)?.secrets).toEqual([]);
    expect(world.phases(bottle)).toEqual(RUNNING);
    expect(await world.condition("Ready")).toMatchObject({ status: "False", reason: "SecretMissing" });
  });

  describe("whose value is not in memory after a restart of the controller", () => {
    const forget = (): void => {
      world.secrets.set("token", { hosts: ["a.example", "b.example"], key: "value" });
      world.restart();
    };

    it("keeps what its sidecars hold, and asks for the value again", async () => {
      const bottle = await running();
      forget();

      await world.converge();

      expect(world.phases(bottle)).toEqual(RUNNING);
      expect(await world.condition("SecretsAvailable")).toMatchObject({
        status: "False",
        reason: "SecretValueMissing",
      });
      expect(await world.condition("EgressEnforced")).toMatchObject({ status: "True" });
    });

    it("still gets a new policy, and its sidecars keep the value", async () => {
      const bottle = await running();
      forget();

      await world.apply(spec("b.example"));
      await world.converge();

      expect(enforced(bottle)?.egress.routes).toMatchObject([{ host: "b.example" }]);
      expect(enforced(bottle)?.secrets).toMatchObject([{ version: "1" }]);
      expect(world.phases(bottle)).toEqual(RUNNING);
    });

    it("starts its agent again with what the sidecars hold", async () => {
      const bottle = await running();
      forget();
      world.advance(60_000);
      world.put(bottle, "agent", "exited");

      for (let count = 0; count < 4; count += 1) await world.pass();

      expect(world.phases(bottle)).toEqual(RUNNING);
    });

    it("does not start a new bottle without it", async () => {
      forget();
      const bottle = await world.apply(spec("a.example"));
      await world.converge();

      expect(world.phases(bottle)).toEqual({});
      expect(await world.condition("Ready")).toMatchObject({ status: "False", reason: "SecretValueMissing" });
    });
  });
});
