import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { secrets } from "../../crds/core.ts";
import { aFolder, aStore, ManualClock, ref } from "../../tests/integration/store-kit.ts";
import { createInProcessClient } from "../store/index.ts";
import type { Feed } from "./feed.ts";
import { createSecretVault, RETRY_FEED_MS } from "./vault.ts";

const { signal } = new AbortController();
const HOSTS = "bot-bottle.dev/hosts";

function aVault(feeds: Feed[] = [], failing?: Error) {
  const clock = new ManualClock();
  const store = aStore(clock);
  const read = () => {
    if (failing !== undefined) throw failing;
    return feeds;
  };
  const vault = createSecretVault({ client: createInProcessClient(store, clock), feeds: read, clock });
  const create = (keys: readonly string[], hosts?: string) =>
    store.create(secrets, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { ...ref("claude"), ...(hosts === undefined ? {} : { annotations: { [HOSTS]: hosts } }) },
      data: Object.fromEntries(keys.map((key) => [key, ""])),
    }).metadata.uid;
  const values = (given: Record<string, string>) =>
    new Map(Object.entries(given).map(([key, value]) => [key, Buffer.from(value)]));
  const valueOf = async (key: string) => (await vault.value(ref("claude"), key, signal))?.value;
  const versionOf = async (key: string) => (await vault.facts(ref("claude"), signal))?.keys[key]?.version;
  return { clock, store, vault, create, values, valueOf, versionOf };
}
const feed = (key: string, from: Pick<Feed, "file" | "command">): Feed => ({
  ...ref("claude"),
  key,
  ...from,
});

describe("createSecretVault", () => {
  it("says of a Secret its hosts and keys, and of each value that is held a version", async () => {
    const { vault, create, values } = aVault();
    const uid = create(["token", "empty"], "api.example.com, other.example.com:8443 ,");
    vault.hold(uid, { keys: ["token", "empty"], values: values({ token: "hunter2" }) });
    expect(await vault.facts(ref("claude"), signal)).toEqual({
      hosts: ["api.example.com", "other.example.com:8443"],
      keys: {
        token: { version: expect.stringMatching(/^[0-9a-f]{16}$/) as string },
        empty: { version: undefined },
      },
    });
    expect(await vault.value(ref("claude"), "token", signal)).toMatchObject({ value: "hunter2" });
    expect(await vault.facts(ref("nobody"), signal)).toBeUndefined();
    expect(await vault.value(ref("nobody"), "token", signal)).toBeUndefined();
    expect(await vault.value(ref("claude"), "constructor", signal)).toBeUndefined();
  });

  it("binds a Secret without the annotation to nothing", async () => {
    const { vault, create } = aVault();
    create(["token"]);
    expect((await vault.facts(ref("claude"), signal))?.hosts).toEqual([]);
  });

  it("gives equal values equal versions, others other ones, and another vault yet others", async () => {
    const one = aVault();
    const uid = one.create(["token"]);
    const holding = async (value: string) => {
      one.vault.hold(uid, { keys: ["token"], values: one.values({ token: value }) });
      return await one.versionOf("token");
    };
    const first = await holding("hunter2");
    expect(await holding("hunter2")).toBe(first);
    expect(await holding("hunter3")).not.toBe(first);
    const other = aVault();
    other.vault.hold(other.create(["token"]), {
      keys: ["token"],
      values: other.values({ token: "hunter2" }),
    });
    expect(await other.versionOf("token")).not.toBe(first);
  });

  it("keeps a held value when a write brings none, and forgets a key that is gone", async () => {
    const { vault, create, values, valueOf, store } = aVault();
    const uid = create(["a", "b"]);
    vault.hold(uid, { keys: ["a", "b"], values: values({ a: "1", b: "2" }) });
    vault.hold(uid, { keys: ["a"], values: values({}) });
    expect([await valueOf("a"), await valueOf("b")]).toEqual(["1", undefined]);
    store.update(secrets, { apiVersion: "v1", kind: "Secret", metadata: ref("claude"), data: { b: "" } });
    expect(await valueOf("a")).toBeUndefined();
  });

  it("gives a new Secret nothing of an old one of its name", async () => {
    const { vault, create, values, valueOf, store } = aVault();
    vault.hold(create(["token"]), { keys: ["token"], values: values({ token: "hunter2" }) });
    store.delete(secrets, ref("claude"), {});
    create(["token"]);
    expect(await valueOf("token")).toBeUndefined();
  });

  it("forgets all of a Secret", async () => {
    const { vault, create, values, valueOf } = aVault();
    const uid = create(["token"]);
    vault.hold(uid, { keys: ["token"], values: values({ token: "hunter2" }) });
    vault.forget(uid);
    vault.forget(uid);
    expect(await valueOf("token")).toBeUndefined();
  });

  it("reads what it does not hold from a file or a command, once", async () => {
    const file = join(aFolder(), "token");
    writeFileSync(file, "from-file\n");
    const { vault, create, values, valueOf } = aVault([
      feed("token", { file }),
      feed("other", { command: "echo from-command" }),
    ]);
    const uid = create(["token", "other", "held"]);
    vault.hold(uid, { keys: ["token", "other", "held"], values: values({ held: "given" }) });
    expect([await valueOf("token"), await valueOf("other"), await valueOf("held")]).toEqual([
      "from-file",
      "from-command",
      "given",
    ]);
    writeFileSync(file, "changed\n");
    expect(await valueOf("token")).toBe("from-file");
  });

  it("lets passes that ask together wait for one reading", async () => {
    const runs = join(aFolder(), "runs");
    const { create, valueOf } = aVault([feed("token", { command: `echo run >> ${runs}; echo value` })]);
    create(["token"]);
    const asked = await Promise.all([valueOf("token"), valueOf("token"), valueOf("token")]);
    expect(asked).toEqual(["value", "value", "value"]);
    expect(readFileSync(runs, "utf8")).toBe("run\n");
  });

  it("prefers a value that was written while a feed was read", async () => {
    const folder = aFolder();
    const command = `touch ${folder}/started; until test -e ${folder}/go; do sleep 0.02; done; echo old`;
    const { vault, create, values, valueOf } = aVault([feed("token", { command })]);
    const uid = create(["token"]);
    const asked = valueOf("token");
    await expect.poll(() => existsSync(join(folder, "started"))).toBe(true);
    vault.hold(uid, { keys: ["token"], values: values({ token: "new" }) });
    writeFileSync(join(folder, "go"), "");
    expect(await asked).toBe("new");
    expect(await valueOf("token")).toBe("new");
  });

  it("keeps nothing of a feed whose Secret was deleted while it was read", async () => {
    const folder = aFolder();
    const command = `touch ${folder}/started; until test -e ${folder}/go; do sleep 0.02; done; echo late`;
    const { vault, create, valueOf } = aVault([feed("token", { command })]);
    const uid = create(["token"]);
    const asked = valueOf("token");
    await expect.poll(() => existsSync(join(folder, "started"))).toBe(true);
    vault.forget(uid);
    writeFileSync(join(folder, "go"), "");
    expect(await asked).toBeUndefined();
  });

  it("says why a feed gave nothing and asks it again after a while only", async () => {
    const file = join(aFolder(), "token");
    const { clock, vault, create, valueOf } = aVault([feed("token", { file })]);
    create(["token"]);
    const problem = `the file ${file} cannot be read (ENOENT)`;
    expect((await vault.facts(ref("claude"), signal))?.keys).toEqual({
      token: { version: undefined, problem },
    });
    writeFileSync(file, "late");
    expect(await valueOf("token")).toBeUndefined();
    clock.advance(RETRY_FEED_MS);
    expect(await valueOf("token")).toBe("late");
    expect((await vault.facts(ref("claude"), signal))?.keys["token"]).not.toHaveProperty("problem", problem);
  });

  it("says what is wrong with secrets.yaml", async () => {
    const { vault, create } = aVault([], new Error("secrets.yaml is not used: others may read it"));
    create(["token"]);
    const facts = await vault.facts(ref("claude"), signal);
    expect(facts?.keys["token"]).toMatchObject({ problem: "secrets.yaml is not used: others may read it" });
  });

  it("shows no value to who prints it", () => {
    const { vault, create, values } = aVault();
    vault.hold(create(["token"]), { keys: ["token"], values: values({ token: "hunter2" }) });
    expect(inspect(vault, { depth: 10, showHidden: true })).not.toContain("hunter2");
    expect(JSON.stringify(vault)).not.toContain("hunter2");
  });
});
