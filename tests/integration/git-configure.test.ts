import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import type { GitGate } from "../../sidecars/git-gate/git-gate.ts";
import type { RemoteDeclaration } from "../../sidecars/git-gate/upstream/remote-declaration.ts";
import { type GitWorld, processesWith, startGitWorld } from "./git-kit.ts";

let world: GitWorld;
afterEach(() => world.close());

async function begin(): Promise<{ gate: GitGate; app: RemoteDeclaration }> {
  world = await startGitWorld();
  const [app] = world.options.remotes;
  if (app === undefined || world.gate === undefined) throw new Error("no gate");
  return { gate: world.gate, app };
}

const named = (declaration: RemoteDeclaration, name: string): RemoteDeclaration => ({
  ...declaration,
  policy: { ...declaration.policy, name },
});
const lsRemote = async (name: string) =>
  world.git(world.folder, "ls-remote", world.url.replace("app.git", `${name}.git`));

it("keeps what stays as it is, opens what is new, and ends what is gone with its mirror", async () => {
  const { gate, app } = await begin();
  const [kept] = await gate.configure([app]);
  await gate.configure([app, named(app, "other")]);
  expect((await lsRemote("other")).code).toBe(0);
  const both = processesWith(world.gateFolder).length;

  expect(await gate.configure([structuredClone(app)])).toEqual([kept]);
  expect((await lsRemote("app")).code).toBe(0);
  const { stderr } = await lsRemote("other");
  expect(stderr).toContain("no remote is declared as other: there are /app.git");
  expect(processesWith(world.gateFolder).length).toBeLessThan(both);
  expect(existsSync(join(world.options.mirrorsFolder, "other.git"))).toBe(false);
  expect(existsSync(world.mirror)).toBe(true);
});

it("serves by the new rules alone when a remote changes", async () => {
  const { gate, app } = await begin();
  const work = await world.clone("work");
  await world.commit(work, "a", "a\n");
  expect((await world.git(work, "push", "-q", "origin", "HEAD:topic")).code).toBe(0);
  const [before] = await gate.configure([app]);
  const readOnly = { ...app, policy: { ...app.policy, push: { ...app.policy.push, branches: [] } } };
  const [after] = await gate.configure([readOnly]);
  expect(after).not.toBe(before);
  expect(before?.signal.aborted).toBe(true);
  expect(after?.declaration.policy.push.branches).toEqual([]);
});

it("serves the others when one cannot be opened, and opens that one when it is mended", async () => {
  const { gate, app } = await begin();
  const broken = { ...named(app, "broken"), secret: "no key" };
  await gate.configure([app, broken]);
  expect((await lsRemote("app")).code).toBe(0);
  expect((await lsRemote("broken")).stderr).toContain("the private key cannot be used");
  await gate.configure([app, named(app, "broken")]);
  expect((await lsRemote("broken")).code).toBe(0);
});

it("ends the requests of a remote that goes, and no others", async () => {
  const { gate, app } = await begin();
  const [first, second] = await gate.configure([app, named(app, "other")]);
  await second?.use(() => Promise.resolve());
  const held = Promise.withResolvers<void>();
  const using = [first, second].map((served) => served?.use(() => held.promise));
  const changed = gate.configure([app]);
  await expect.poll(() => second?.signal.aborted).toBe(true);
  expect(first?.signal.aborted).toBe(false);
  held.resolve();
  await Promise.all([changed, ...using]);
});
