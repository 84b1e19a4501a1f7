import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { secrets } from "../../crds/core.ts";
import { aFolder, aStore, ManualClock, ref } from "../../tests/integration/store-kit.ts";
import { createInProcessClient } from "../store/index.ts";
import type { Feed } from "./feed.ts";
import { createSecretVault } from "./vault.ts";

const { signal } = new AbortController();
const MINUTE = 60_000;

/** A vault with one Secret whose key `token` is fed by a file, for half an hour each time. */
function aFedVault({ ttl }: { ttl?: string } = { ttl: "30m" }) {
  const clock = new ManualClock();
  const store = aStore(clock);
  const file = join(aFolder(), "token");
  writeFileSync(file, "first");
  const feeds: Feed[] = [{ ...ref("claude"), key: "token", file, ...(ttl === undefined ? {} : { ttl }) }];
  const client = createInProcessClient(store, clock);
  const vault = createSecretVault({ client, feeds: () => feeds, clock, random: () => 0.5 });
  const renewed = vi.fn();
  vault.whenRenewed(renewed);
  const { uid } = store.create(secrets, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: ref("claude"),
    data: { token: "" },
  }).metadata;
  const give = (value: string) => writeFileSync(file, value);
  const takeAway = () => writeFileSync(file, "");
  const write = (value: string) =>
    vault.hold(uid, { keys: ["token"], values: new Map([["token", Buffer.from(value)]]) });
  const facts = async () => (await vault.facts(ref("claude"), signal))?.keys["token"];
  const value = async () => (await vault.value(ref("claude"), "token", signal))?.value;
  return { clock, feeds, vault, uid, renewed, give, takeAway, write, facts, value };
}

describe("a value that is good for a time", () => {
  it("is asked for again before that is over, and its users are told once it is another", async () => {
    const { clock, renewed, give, value } = aFedVault();
    expect(await value()).toBe("first");
    give("second");
    clock.advance(21 * MINUTE);
    expect(await value()).toBe("first");
    clock.advance(2 * MINUTE);
    await expect.poll(value).toBe("second");
    expect(renewed.mock.calls).toEqual([[expect.objectContaining(ref("claude"))]]);
  });

  it("begins its time anew with each renewal, and tells nobody of the same value", async () => {
    const { clock, renewed, value } = aFedVault();
    await value();
    for (let round = 0; round < 4; round += 1) {
      const before = clock.pending;
      clock.advance(23 * MINUTE);
      await expect.poll(() => clock.pending).toBe(before);
      expect(await value()).toBe("first");
    }
    expect(renewed).not.toHaveBeenCalled();
  });

  it("is kept while there is no other, tried for again, and handed out no more once its time is over", async () => {
    const { clock, renewed, give, takeAway, value, facts } = aFedVault();
    await value();
    takeAway();
    clock.advance(23 * MINUTE);
    expect(await value()).toBe("first");
    // the attempt failed and another one waits, beside the end
    await expect.poll(() => clock.pending).toBe(2);
    clock.advance(7 * MINUTE);
    expect(await value()).toBeUndefined();
    expect(renewed).toHaveBeenCalledTimes(1);
    expect(await facts()).toEqual({
      version: undefined,
      isExpired: true,
      problem: expect.stringMatching(/^the file .* gave nothing$/) as string,
    });
    give("late");
    clock.advance(2 * MINUTE);
    expect(await value()).toBe("late");
    expect(await facts()).toEqual({ version: expect.any(String) as string });
  });

  it("is not handed out after a machine slept through its end", async () => {
    const { clock, takeAway, value, vault } = aFedVault();
    await value();
    takeAway();
    const timers = vi.spyOn(clock, "after");
    vi.spyOn(clock, "now").mockReturnValue(new Date(clock.now().getTime() + 31 * MINUTE));
    expect(await value()).toBeUndefined();
    expect(timers).not.toHaveBeenCalled();
    vault.close();
  });

  it("counts from the moment it is written, too", async () => {
    const { clock, write, give, value } = aFedVault();
    write("written");
    expect(await value()).toBe("written");
    clock.advance(15 * MINUTE);
    write("written again");
    expect(await value()).toBe("written again");
    give("fed");
    clock.advance(21 * MINUTE);
    expect(await value()).toBe("written again");
    clock.advance(2 * MINUTE);
    await expect.poll(value).toBe("fed");
  });

  it("is renewed no more when its Secret is gone, or the vault is closed", async () => {
    for (const end of ["forget", "close"] as const) {
      const { clock, vault, uid, value } = aFedVault();
      await value();
      expect(clock.pending).toBe(2);
      vault[end](uid);
      expect(clock.pending).toBe(0);
    }
  });
});

describe("a value without a time", () => {
  it("is asked for once", async () => {
    const { clock, give, value } = aFedVault({});
    expect(await value()).toBe("first");
    give("second");
    clock.advance(24 * 60 * MINUTE);
    expect(await value()).toBe("first");
    expect(clock.pending).toBe(0);
  });
});
