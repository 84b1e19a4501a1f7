import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GitWorld, startGitWorld } from "./git-kit.ts";

let world: GitWorld;
beforeAll(async () => {
  world = await startGitWorld();
});
afterAll(() => world.close());

const WORDS = /^remote: git-gate: .*(?:objects|deltas):/m;
/** A commit that the mirror does not have. */
async function moreUpstream(name: string): Promise<string> {
  const work = `${world.folder}/${name}`;
  await world.must(world.folder, "init", "-q", work);
  await world.commit(work, `${name}.txt`, `${name}\n`);
  await world.must(work, "push", "-q", world.upstream, `HEAD:refs/heads/${name}`);
  return world.must(work, "rev-parse", "HEAD");
}
const ask = (...words: readonly string[]) => world.git(world.folder, ...words);

describe("what upstream says while the gate fetches from it", () => {
  it("reaches a client that shows progress, and then it has what upstream has", async () => {
    const id = await moreUpstream("first");
    const { code, stderr } = await ask("clone", "--progress", "--branch", "first", world.url, "shown");
    expect([code, stderr.replaceAll("\r", "\n")]).toEqual([0, expect.stringMatching(WORDS)]);
    expect(await world.must(`${world.folder}/shown`, "rev-parse", "HEAD")).toBe(id);
  });

  it("does not reach a client that is quiet", async () => {
    const id = await moreUpstream("second");
    const { code, stderr } = await ask("clone", "--quiet", "--branch", "second", world.url, "quiet");
    expect([code, stderr]).toEqual([0, ""]);
    expect(await world.must(`${world.folder}/quiet`, "rev-parse", "HEAD")).toBe(id);
  });

  it.each(["0", "1"])("is not waited for by a client of protocol version %s", async (version) => {
    const id = await moreUpstream(`old-${version}`);
    const options = ["-c", `protocol.version=${version}`];
    const { code, stderr } = await ask(
      ...options,
      "clone",
      "--branch",
      `old-${version}`,
      world.url,
      `v${version}`,
    );
    expect([code, stderr]).toEqual([0, expect.not.stringContaining("git-gate")]);
    expect(await world.must(`${world.folder}/v${version}`, "rev-parse", "HEAD")).toBe(id);
  });

  it("comes before its failure, which ends the client", async () => {
    await moreUpstream("third");
    const known = await world.git(world.folder, "ls-remote", world.url);
    expect(known.code).toBe(0);
    await moreUpstream("fourth");
    await world.sshd.stop();
    const { code, stderr } = await ask("clone", "--progress", world.url, "broken");
    await world.sshd.start();
    expect([code, stderr]).toEqual([128, expect.stringContaining("UpstreamUnreachable")]);
    expect((await ask("clone", "-q", world.url, "mended")).code).toBe(0);
  });
});

describe("refs", () => {
  it("are announced as upstream's own git announces them, tags with what they point to", async () => {
    const work = `${world.folder}/tags`;
    await world.must(world.folder, "clone", "-q", world.upstream, work);
    await world.must(work, "-c", "user.name=a", "-c", "user.email=a@b.c", "tag", "-a", "v1", "-m", "one");
    await world.must(work, "tag", "light");
    await world.must(work, "push", "-q", "origin", "v1", "light");
    for (const words of [[], ["--symref"], ["--heads"], ["--tags"], ["--refs"]]) {
      const through = await world.must(world.folder, "ls-remote", ...words, world.url);
      expect(through).toBe(await world.must(world.folder, "ls-remote", ...words, world.upstream));
    }
  });
});
