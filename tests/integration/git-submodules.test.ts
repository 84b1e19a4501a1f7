import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agentGitConfig } from "../../reconcilers/bottle/git/agent-git-config.ts";
import { type GitWorld, startGitWorld } from "./git-kit.ts";

let world: GitWorld;
/** without the gate: app's clone, and lib's */
let seed: string;
let lib: string;
let libUrl: string;

/** Two remotes, app and lib, and a client with the configuration that an agent gets. */
beforeAll(async () => {
  world = await startGitWorld();
  seed = join(world.folder, "seed");
  lib = join(world.folder, "lib");
  const libUpstream = join(dirname(world.upstream), "lib.git");
  libUrl = world.directUrl.replace(world.upstream, libUpstream);
  await world.must(world.folder, "init", "-q", "--bare", "--initial-branch=main", libUpstream);
  await world.must(world.folder, "init", "-q", lib);
  await world.must(lib, "remote", "add", "origin", libUpstream);
  await world.commit(lib, "lib.txt", "one\n");
  await world.must(lib, "push", "-q", "origin", "main");
  const [app] = world.options.remotes;
  if (app === undefined) throw new Error("the world has no remote");
  const remotes = [app, { ...app, policy: { ...app.policy, name: "lib", url: libUrl } }];
  await world.gate?.configure(remotes);
  const config = agentGitConfig(undefined, { remotes: remotes.map(({ policy }) => policy), routes: [] });
  const gate = new URL(world.url).origin;
  appendFileSync(join(world.folder, "home", ".gitconfig"), config.replaceAll("http://git-gate:9420", gate));
});
afterAll(() => world.close());

/** Upstream gets a superproject whose submodule is at `url`. */
async function superproject(url: string): Promise<void> {
  const id = await world.must(lib, "rev-parse", "HEAD");
  await world.must(seed, "config", "-f", ".gitmodules", "submodule.lib.path", "lib");
  await world.must(seed, "config", "-f", ".gitmodules", "submodule.lib.url", url);
  await world.must(seed, "add", ".gitmodules");
  await world.must(seed, "update-index", "--add", "--cacheinfo", `160000,${id},lib`);
  await world.must(seed, "commit", "-q", "--allow-empty", "-m", "A submodule");
  await world.must(seed, "push", "-q", "-f", world.upstream, "main");
}

describe("a submodule that is a remote of the bottle", () => {
  it.each([
    ["its URL", () => libUrl],
    ["a relative one", () => "../lib.git"],
  ])("named by %s is cloned, followed and pushed", async (name, url) => {
    await superproject(url());
    const work = join(world.folder, name.replaceAll(" ", "-"));
    // as the agent writes it
    await world.must(world.folder, "clone", "-q", "--recurse-submodules", world.directUrl, work);
    expect(readFileSync(join(work, "lib", "lib.txt"), "utf8")).toBe(
      readFileSync(join(lib, "lib.txt"), "utf8"),
    );
    const moved = await world.commit(lib, "lib.txt", `${name}\n`);
    await world.must(lib, "push", "-q", "origin", "main");
    await world.must(work, "submodule", "--quiet", "update", "--remote");
    expect(await world.must(join(work, "lib"), "rev-parse", "HEAD")).toBe(moved);
    await world.must(work, "commit", "-q", "-am", "Follow lib");
    await world.must(work, "push", "-q", "origin", "main");
    expect(await world.must(world.upstream, "rev-parse", "main:lib")).toBe(moved);
  });
});

describe("a submodule that is no remote of the bottle", () => {
  it("is refused with what is declared", async () => {
    await superproject("../other.git");
    const work = join(world.folder, "other");
    // the agent's superproject is at the gate, so what is relative to it is there, too
    const ended = await world.git(world.folder, "clone", "-q", "--recurse-submodules", world.url, work);
    expect(ended.code).toBeGreaterThan(0);
    expect(ended.stderr).toContain("no remote is declared as other: there are /app.git, /lib.git");
    expect(existsSync(join(work, "lib", "lib.txt"))).toBe(false);
  });
});

describe("a submodule with a URL that runs something", () => {
  it.each(["ext", "option"])("is no business of the gate: %s", async (kind) => {
    const ran = join(world.folder, `ran-${kind}`);
    await superproject(kind === "ext" ? `ext::touch ${ran}` : `ssh://-oProxyCommand=touch%20${ran}/lib.git`);
    const ended = await world.git(world.folder, "clone", "-q", world.url, kind);
    // git's own check of what it takes in refuses the option; either way nothing is run
    if (ended.code !== 0) expect(ended.stderr).toContain("UpstreamCorrupt");
    expect(existsSync(ran)).toBe(false);
  });
});
