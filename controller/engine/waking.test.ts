import { describe, expect, it } from "vitest";
import type { Bottle } from "../../crds/bottle.ts";
import type { ApiObject, ObjectMeta } from "../../crds/metadata.ts";
import { DependencyIndex } from "./dependency-index.ts";
import { Waking } from "./waking.ts";

const meta = (name: string, namespace?: string): ObjectMeta => ({
  name,
  ...(namespace === undefined ? {} : { namespace }),
  uid: `uid-of-${namespace ?? ""}-${name}`,
  resourceVersion: "1",
  creationTimestamp: "2026-06-01T12:00:00Z",
});
const object = <T extends ApiObject>(metadata: ObjectMeta, spec: object): T =>
  ({ apiVersion: "-", kind: "-", metadata, spec }) as unknown as T;
const secretRef = (name: string) => ({
  egress: { routes: [{ host: "h", auth: { scheme: "Bearer", secretRef: { name, key: "k" } } }] },
});

/** class child extends parent; agent worker uses child; bottles: plain, classy (child), agentic (worker). */
function aWorld() {
  const woken: string[] = [];
  let gone = 0;
  const waking = new Waking({ wake: (key) => woken.push(key), onBottleGone: () => (gone += 1) });
  waking.classes.changed(object(meta("parent"), secretRef("of-class")));
  waking.classes.changed(object(meta("child"), { extends: "parent" }));
  waking.agents.changed(object(meta("worker", "team"), { classRef: { name: "child" } }));
  waking.bottles.changed(
    object(meta("plain", "team"), { provider: { name: "claude", credentialRef: { name: "own", key: "k" } } }),
  );
  waking.bottles.changed(object(meta("classy", "other"), { classRef: { name: "child" } }));
  waking.bottles.changed(object(meta("agentic", "team"), { agentRef: { name: "worker" } }));
  const wokenBy = (act: () => void): string[] => {
    woken.length = 0;
    act();
    return woken.toSorted();
  };
  return { waking, wokenBy, gone: () => gone };
}

describe("Waking", () => {
  it("wakes a Bottle that changed or is gone", () => {
    const { waking, wokenBy, gone } = aWorld();
    expect(wokenBy(() => waking.bottles.changed(object(meta("new", "team"), {})))).toEqual(["team/new"]);
    expect(wokenBy(() => waking.bottles.gone({ ...meta("new", "team"), namespace: "team" }))).toEqual([
      "team/new",
    ]);
    expect(gone()).toBe(1);
  });

  it.each(["child", "parent"])("wakes those that use the class %s through any chain", (name) => {
    const { waking, wokenBy } = aWorld();
    const users = ["other/classy", "team/agentic"];
    const spec = name === "child" ? { extends: "parent", env: [] } : { env: [] };
    expect(wokenBy(() => waking.classes.changed(object(meta(name), spec)))).toEqual(users);
    expect(wokenBy(() => waking.classes.gone({ ...meta(name), namespace: undefined }))).toEqual(users);
    expect(wokenBy(() => waking.classes.changed(object(meta(name), spec)))).toEqual(users);
  });

  it("wakes those that use an Agent, in its namespace", () => {
    const { waking, wokenBy } = aWorld();
    expect(wokenBy(() => waking.agents.changed(object(meta("worker", "team"), {})))).toEqual([
      "team/agentic",
    ]);
    expect(wokenBy(() => waking.agents.changed(object(meta("worker", "other"), {})))).toEqual([]);
  });

  it("wakes those that name a Secret themselves or through a class, in their namespace", () => {
    const { waking, wokenBy } = aWorld();
    expect(wokenBy(() => waking.secrets.changed(object(meta("own", "team"), {})))).toEqual(["team/plain"]);
    expect(wokenBy(() => waking.secrets.changed(object(meta("own", "other"), {})))).toEqual([]);
    expect(wokenBy(() => waking.secrets.changed(object(meta("of-class", "team"), {})))).toEqual([
      "team/agentic",
    ]);
    expect(wokenBy(() => waking.secrets.gone({ ...meta("of-class", "other"), namespace: "other" }))).toEqual([
      "other/classy",
    ]);
  });

  it("wakes those whose git remotes need a Secret, and those that only wait to remove a deploy key", () => {
    const { waking, wokenBy } = aWorld();
    const secretRef = { name: "git", key: "k" };
    const remotes = [{ name: "app", url: "git@h:app", identity: { secretRef } }];
    const bottle: Bottle = object(meta("gitty", "team"), { git: { remotes } });
    waking.bottles.changed(bottle);
    expect(wokenBy(() => waking.secrets.changed(object(meta("git", "team"), {})))).toEqual(["team/gitty"]);

    const note = { remote: "app", forgeUrl: "https://h", repository: "a/b", secretRef };
    waking.bottles.changed({ ...bottle, spec: {}, status: { git: { deployKeys: [note] } } });
    expect(wokenBy(() => waking.secrets.changed(object(meta("git", "team"), {})))).toEqual(["team/gitty"]);

    waking.bottles.changed({ ...bottle, spec: {}, status: {} });
    expect(wokenBy(() => waking.secrets.changed(object(meta("git", "team"), {})))).toEqual([]);
  });

  it("forgets what an object used before it changed", () => {
    const { waking, wokenBy } = aWorld();
    waking.bottles.changed(object(meta("classy", "other"), {}));
    expect(wokenBy(() => waking.classes.changed(object(meta("child"), {})))).toEqual(["team/agentic"]);
  });

  it("wakes a Bottle whose class comes into being after it", () => {
    const { waking, wokenBy } = aWorld();
    waking.bottles.changed(object(meta("early", "team"), { classRef: { name: "late" } }));
    expect(wokenBy(() => waking.classes.changed(object(meta("late"), {})))).toEqual(["team/early"]);
  });

  it("finds a Bottle by its uid as long as it is there", () => {
    const { waking } = aWorld();
    const { uid } = meta("plain", "team");
    expect(waking.keyOfUid(uid)).toBe("team/plain");
    waking.bottles.gone({ uid, namespace: "team", name: "plain" });
    expect(waking.keyOfUid(uid)).toBeUndefined();
    expect([...waking.keys].toSorted()).toEqual(["other/classy", "team/agentic"]);
  });
});

describe("DependencyIndex", () => {
  it("ends in a cycle", () => {
    const index = new DependencyIndex();
    index.set("a", ["b"]);
    index.set("b", ["a"]);
    expect([...index.dependentsOf("a")].toSorted()).toEqual(["a", "b"]);
  });

  it("costs what it finds, not what there is", () => {
    const index = new DependencyIndex();
    for (let bottle = 0; bottle < 50_000; bottle += 1)
      index.set(`bottle-${bottle}`, [`class-${bottle % 10_000}`]);
    const startedAt = performance.now();
    for (let name = 0; name < 10_000; name += 1) expect(index.dependentsOf(`class-${name}`).size).toBe(5);
    // 10,000 scans of 50,000 bottles would take many seconds
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
