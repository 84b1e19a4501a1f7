import { describe, expect, it } from "vitest";
import type { BottleClass } from "./bottle-class.ts";
import type { ClassFields } from "./class-fields.ts";
import type { GitRemote } from "./git-remote.ts";
import { classNameOf, effectiveSpec, resolveClassChain } from "./merge.ts";

function aClass(name: string, spec: BottleClass["spec"] = {}): BottleClass {
  return {
    apiVersion: "bot-bottle.dev/v1alpha1",
    kind: "BottleClass",
    metadata: { name, uid: name, resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec,
  };
}

const aRemote = (name: string, fields: Partial<GitRemote> = {}): GitRemote => ({
  name,
  url: `https://git.example.com/${name}`,
  ...fields,
});

const merged = (below: ClassFields, above: ClassFields) =>
  effectiveSpec({ bottle: { name: "b", spec: above }, classChain: [aClass("base", below)] });

describe("effectiveSpec", () => {
  it("is empty for a Bottle that says nothing", () => {
    expect(effectiveSpec({ bottle: { name: "b", spec: {} }, classChain: [] })).toEqual({
      fields: {},
      origins: {},
    });
  });

  it.each<{ claim: string; below: ClassFields; above: ClassFields; fields: ClassFields }>([
    {
      claim: "merges env by name, the upper one wins and keeps its place",
      below: {
        env: [
          { name: "A", value: "1" },
          { name: "B", value: "1" },
        ],
      },
      above: {
        env: [
          { name: "C", value: "2" },
          { name: "A", value: "2" },
        ],
      },
      fields: {
        env: [
          { name: "A", value: "2" },
          { name: "B", value: "1" },
          { name: "C", value: "2" },
        ],
      },
    },
    {
      claim: "adds nothing for an empty env",
      below: { env: [{ name: "A", value: "1" }] },
      above: { env: [] },
      fields: { env: [{ name: "A", value: "1" }] },
    },
    {
      claim: "merges git.user by field",
      below: { git: { user: { name: "Base", email: "base@example.com" } } },
      above: { git: { user: { name: "Own" } } },
      fields: { git: { user: { name: "Own", email: "base@example.com" } } },
    },
    {
      claim: "keeps a class's git.user under an empty git",
      below: { git: { user: { name: "Base" } } },
      above: { git: {} },
      fields: { git: { user: { name: "Base" } } },
    },
    {
      claim: "merges git.remotes by name, the upper one whole",
      below: { git: { remotes: [aRemote("a", { push: { branches: [] } }), aRemote("b")] } },
      above: { git: { remotes: [aRemote("c"), aRemote("a", { scan: {} })] } },
      fields: { git: { remotes: [aRemote("a", { scan: {} }), aRemote("b"), aRemote("c")] } },
    },
    {
      claim: "clears git.remotes by an empty list, and keeps git.user",
      below: { git: { user: { name: "Base" }, remotes: [aRemote("a")] } },
      above: { git: { remotes: [] } },
      fields: { git: { user: { name: "Base" }, remotes: [] } },
    },
    {
      claim: "keeps a class's git.remotes under a git.user",
      below: { git: { remotes: [aRemote("a")] } },
      above: { git: { user: { name: "Own" } } },
      fields: { git: { user: { name: "Own" }, remotes: [aRemote("a")] } },
    },
    {
      claim: "replaces provider whole",
      below: { provider: { name: "claude", image: "base:1", credentialRef: { name: "s", key: "k" } } },
      above: { provider: { name: "claude" } },
      fields: { provider: { name: "claude" } },
    },
    {
      claim: "replaces egress whole, so a route of the class does not stay by accident",
      below: { egress: { routes: [{ host: "a.example.com" }] } },
      above: { egress: { routes: [{ host: "b.example.com" }] } },
      fields: { egress: { routes: [{ host: "b.example.com" }] } },
    },
    {
      claim: "takes an empty egress for nothing may be reached",
      below: { egress: { routes: [{ host: "a.example.com" }] } },
      above: { egress: {} },
      fields: { egress: {} },
    },
    {
      claim: "replaces isolation whole",
      below: { isolation: { minimum: "microVm" } },
      above: { isolation: {} },
      fields: { isolation: {} },
    },
    {
      claim: "merges resources by field",
      below: { resources: { cpus: 4, pids: 512 } },
      above: { resources: { cpus: 1 } },
      fields: { resources: { cpus: 1, pids: 512 } },
    },
  ])("$claim", ({ below, above, fields }) => {
    expect(merged(below, above).fields).toEqual(fields);
  });

  it("lays the Agent's git.user over the classes and under the Bottle, and says where each field came from", () => {
    const { fields, origins } = effectiveSpec({
      classChain: [
        aClass("root", {
          provider: { name: "claude" },
          git: { user: { name: "Root", email: "root@example.com" } },
        }),
        aClass("child", { extends: "root", env: [{ name: "A", value: "1" }], resources: { cpus: 1 } }),
      ],
      agent: { name: "reviewer", spec: { prompt: "Review.", git: { user: { name: "Reviewer" } } } },
      bottle: { name: "b", spec: { git: { user: { email: "b@example.com" } }, operatingMode: "Running" } },
    });
    expect(fields).toEqual({
      provider: { name: "claude" },
      env: [{ name: "A", value: "1" }],
      resources: { cpus: 1 },
      git: { user: { name: "Reviewer", email: "b@example.com" } },
    });
    expect(origins).toEqual({
      provider: { kind: "BottleClass", name: "root" },
      "env.A": { kind: "BottleClass", name: "child" },
      "resources.cpus": { kind: "BottleClass", name: "child" },
      "git.user.name": { kind: "Agent", name: "reviewer" },
      "git.user.email": { kind: "Bottle", name: "b" },
    });
  });

  it("names who gave each remote, and nobody for one that was cleared", () => {
    const { origins } = effectiveSpec({
      classChain: [
        aClass("root", { git: { remotes: [aRemote("gone")] } }),
        aClass("child", { extends: "root", git: { remotes: [] } }),
        aClass("grandchild", { extends: "child", git: { remotes: [aRemote("a"), aRemote("b")] } }),
      ],
      bottle: { name: "b", spec: { git: { remotes: [aRemote("b")] } } },
    });
    expect(origins).toEqual({
      "git.remotes.a": { kind: "BottleClass", name: "grandchild" },
      "git.remotes.b": { kind: "Bottle", name: "b" },
    });
  });

  it("takes nothing from an Agent but git.user", () => {
    const git = { user: { name: "Reviewer" }, remotes: [aRemote("evil")] };
    const spec = { classRef: { name: "rich" }, egress: { routes: [{ host: "evil.example.com" }] }, git };
    const { fields } = effectiveSpec({
      classChain: [],
      agent: { name: "a", spec },
      bottle: { name: "b", spec: {} },
    });
    expect(fields).toEqual({ git: { user: { name: "Reviewer" } } });
  });
});

describe("classNameOf", () => {
  it.each([
    { own: "a", agents: "b", name: "a" },
    { own: undefined, agents: "b", name: "b" },
    { own: "a", agents: undefined, name: "a" },
    { own: undefined, agents: undefined, name: undefined },
  ])("is $name for a Bottle of class $own with an Agent of class $agents", ({ own, agents, name }) => {
    const ref = (value: string | undefined) => (value === undefined ? {} : { classRef: { name: value } });
    expect(classNameOf(ref(own), ref(agents))).toBe(name);
  });
});

describe("resolveClassChain", () => {
  const classes = new Map(
    [
      aClass("root"),
      aClass("middle", { extends: "root" }),
      aClass("leaf", { extends: "middle" }),
      aClass("itself", { extends: "itself" }),
      aClass("left", { extends: "right" }),
      aClass("right", { extends: "left" }),
      aClass("enters", { extends: "left" }),
      aClass("orphan", { extends: "gone" }),
    ].map((found) => [found.metadata.name, found]),
  );
  const resolve = (name: string) => resolveClassChain(name, (of) => classes.get(of));

  it("lists a class and all it extends from the root down", () => {
    expect(resolve("leaf")).toEqual({
      kind: "found",
      classes: ["root", "middle", "leaf"].map((name) => classes.get(name)),
    });
  });

  it.each([
    ["itself", "ClassCycle", "itself → itself", ["itself"]],
    ["enters", "ClassCycle", "enters → left → right → left", ["enters", "left", "right"]],
    ["gone", "ClassNotFound", "BottleClass gone does not exist:", ["gone"]],
    ["orphan", "ClassNotFound", "BottleClass gone does not exist (orphan → gone):", ["orphan", "gone"]],
  ])("is broken for %s by %s and names the chain %s", (name, reason, chain, names) => {
    expect(resolve(name)).toEqual({
      kind: "broken",
      reason,
      names,
      message: expect.stringContaining(chain),
    });
  });
});
