import { execFileSync } from "node:child_process";
import { readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GitWorld, startGitWorld } from "./git-kit.ts";

let world: GitWorld;
/** works on upstream without the gate */
let seed: string;
beforeAll(async () => {
  world = await startGitWorld();
  seed = join(world.folder, "seed");
  await world.must(seed, "remote", "add", "origin", world.upstream);
});
afterAll(() => world.close());

/** A commit that upstream gets behind the gate's back. */
async function upstreamMoves(text: string, branch = "main"): Promise<string> {
  const id = await world.commit(seed, "README", `${text}\n`);
  await world.must(seed, "push", "-q", "-f", "origin", `HEAD:${branch}`);
  return id;
}

const inUpstream = (...args: string[]): string =>
  execFileSync("git", ["-C", world.upstream, ...args], { encoding: "utf8" }).trim();

function post(service: string, body: Buffer, headers: Record<string, string> = {}): Promise<string> {
  const type = `application/x-${service}-request`;
  return new Promise((done, fail) => {
    const request = http.request(
      {
        socketPath: world.socket,
        path: `/app.git/${service}`,
        method: "POST",
        headers: { "content-type": type, ...headers },
      },
      (response) => {
        let text = "";
        response.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
        response.on("end", () => done(text));
      },
    );
    request.on("error", fail);
    request.end(body);
  });
}

describe("reading through the gate", () => {
  it.each(["0", "1", "2"])("clones in protocol version %s", async (version) => {
    const work = await world.clone(`v${version}`, "-c", `protocol.version=${version}`);
    expect(await world.must(work, "rev-parse", "HEAD")).toBe(world.refs(world.upstream)["refs/heads/main"]);
    expect(await world.must(work, "fsck", "--full")).toBe("");
  });

  it("passes version 2 on", async () => {
    const trace = await world.git(world.folder, "-c", "protocol.version=2", "ls-remote", world.url);
    const v2 = await post("git-upload-pack", Buffer.from("0014command=ls-refs\n0000"), {
      "git-protocol": "version=2",
    });
    expect(trace.stdout).toContain("refs/heads/main");
    expect(v2).toContain("refs/heads/main");
  });

  it("shows each fetch and pull what upstream has by then", async () => {
    const work = await world.clone("moves");
    const first = await upstreamMoves("one");
    await world.must(work, "pull", "-q");
    expect(await world.must(work, "rev-parse", "HEAD")).toBe(first);
    const second = await upstreamMoves("two");
    await world.must(work, "fetch", "-q");
    expect(await world.must(work, "rev-parse", "origin/main")).toBe(second);
  });

  it("follows rewound and deleted branches, and a branch that becomes a folder", async () => {
    const work = await world.clone("prunes");
    await upstreamMoves("three", "topic");
    await world.must(work, "fetch", "-q", "--prune");
    expect(world.refs(work)).toHaveProperty("refs/remotes/origin/topic");
    inUpstream("branch", "-D", "topic");
    const id = await upstreamMoves("four", "topic/more");
    await world.must(work, "fetch", "-q", "--prune");
    expect(world.refs(work)).not.toHaveProperty("refs/remotes/origin/topic");
    expect(world.refs(work)["refs/remotes/origin/topic/more"]).toBe(id);
    inUpstream("update-ref", "refs/heads/topic/more", `${id}~1`);
    await world.must(work, "fetch", "-q");
    expect(world.refs(work)["refs/remotes/origin/topic/more"]).not.toBe(id);
  });

  it("has tags of both kinds, and moves a tag that upstream moved", async () => {
    inUpstream("tag", "light", "main");
    inUpstream(
      "-c",
      "user.name=a",
      "-c",
      "user.email=a@example.com",
      "tag",
      "-a",
      "-m",
      "heavy",
      "heavy",
      "main",
    );
    const work = await world.clone("tags");
    expect(await world.must(work, "tag")).toBe("heavy\nlight");
    inUpstream("tag", "-f", "light", "main~1");
    expect((await world.must(world.folder, "ls-remote", "-t", world.url, "light")).split("\t")[0]).toBe(
      inUpstream("rev-parse", "main~1"),
    );
  });

  it("checks out the branch that upstream's HEAD is", async () => {
    inUpstream("branch", "-f", "trunk", "main");
    inUpstream("symbolic-ref", "HEAD", "refs/heads/trunk");
    const work = await world.clone("trunk");
    expect(await world.must(work, "symbolic-ref", "HEAD")).toBe("refs/heads/trunk");
    inUpstream("symbolic-ref", "HEAD", "refs/heads/main");
  });

  it("clones shallowly and deepens", async () => {
    await upstreamMoves("deep");
    const work = await world.clone("shallow", "--depth=1");
    expect(await world.must(work, "rev-list", "--count", "HEAD")).toBe("1");
    await world.must(work, "fetch", "-q", "--unshallow");
    expect(await world.must(work, "rev-list", "--count", "HEAD")).toBe(
      inUpstream("rev-list", "--count", "main"),
    );
  });

  it("clones partially and brings blobs when they are wanted", async () => {
    const work = await world.clone("partial", "--filter=blob:none", "--no-checkout");
    const missing = await world.must(work, "rev-list", "--objects", "--missing=print", "HEAD");
    expect(missing).toMatch(/^\?/m);
    await world.must(work, "checkout", "-q", "main");
    expect(await world.must(work, "status", "--porcelain")).toBe("");
  });

  it("understands a body in gzip, and refuses other codings", async () => {
    const call = Buffer.from("0014command=ls-refs\n0000");
    const headers = { "git-protocol": "version=2" };
    const zipped = await post("git-upload-pack", gzipSync(call), { ...headers, "content-encoding": "gzip" });
    expect(zipped).toContain("refs/heads/main");
    const other = await post("git-upload-pack", call, { ...headers, "content-encoding": "br" });
    expect(other).toBe("git-gate: the body must be plain or gzip\n");
  });

  // http-backend's own limit, 10 MiB
  it("cuts off a question that gzip makes endless", async () => {
    const [id, wanted] = ["1".repeat(40), inUpstream("rev-parse", "main")];
    const headers = { "git-protocol": "version=2", "content-encoding": "gzip" };
    const question = (haves: number): Buffer =>
      gzipSync(`0011command=fetch00010032want ${wanted}\n${`0032have ${id}\n`.repeat(haves)}0000`, {
        level: 1,
      });
    expect(await post("git-upload-pack", question(100), headers)).toContain("acknowledgments");
    expect(await post("git-upload-pack", question(1_000_000), headers)).toBe("");
  });

  it("asks upstream once for clients that wait together, and never shows an answer older than the question", async () => {
    const before = world.sshd.logins();
    const clones = Array.from({ length: 8 }, (_, index) =>
      world.must(world.folder, "ls-remote", world.url, `x${index}`),
    );
    await Promise.all(clones);
    expect(world.sshd.logins() - before).toBeLessThan(8);
    const id = await upstreamMoves("after");
    expect(await world.must(world.folder, "ls-remote", world.url, "main")).toContain(id);
  });
});

describe("a hostile upstream", () => {
  it("has no refs in the gate but branches and tags", async () => {
    for (const ref of ["refs/pull/1/head", "refs/notes/commits", "refs/x/refs/heads/y"]) {
      inUpstream("update-ref", ref, "main");
    }
    inUpstream("update-ref", `refs/replace/${inUpstream("rev-parse", "main")}`, "main~1");
    const { stdout } = await world.git(world.folder, "ls-remote", world.url);
    const names = stdout.match(/\S+$/gm) ?? [];
    expect(names.filter((name) => !/^(HEAD|refs\/(heads|tags)\/.*)$/.test(name))).toEqual([]);
    expect(Object.keys(world.refs(world.mirror)).filter((ref) => !/^refs\/(heads|tags)\//.test(ref))).toEqual(
      [],
    );
  });

  it("cannot be seen through a ref that is in the mirror by mistake", async () => {
    const id = world.refs(world.mirror)["refs/heads/main"] ?? "";
    execFileSync("git", ["-C", world.mirror, "update-ref", "refs/hidden/one", id]);
    for (const version of ["0", "2"]) {
      const shown = await world.must(
        world.folder,
        "-c",
        `protocol.version=${version}`,
        "ls-remote",
        world.url,
      );
      expect(shown).not.toContain("refs/hidden");
    }
  });

  it("sends a tree with .git in it and is refused; the mirror stays as it was", async () => {
    const blob = inUpstream("rev-parse", "main:README");
    const entry = Buffer.concat([Buffer.from("100644 .git\0"), Buffer.from(blob, "hex")]);
    const input = { input: entry, encoding: "utf8" } as const;
    const hash = ["-C", world.upstream, "hash-object", "-t", "tree", "-w", "--literally", "--stdin"];
    const tree = execFileSync("git", hash, input).trim();
    const identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    const commit = inUpstream(...identity, "commit-tree", "-m", "bad", tree);
    inUpstream("update-ref", "refs/heads/bad", commit);
    const before = world.refs(world.mirror);
    const ended = await world.git(world.folder, "clone", world.url, "bad");
    inUpstream("update-ref", "-d", "refs/heads/bad");
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toMatch(/^fatal: remote error: git-gate: UpstreamCorrupt: .*hasDotgit/m);
    expect(world.refs(world.mirror)).toEqual(before);
  });
});

describe("a corrupt mirror", () => {
  it.each([
    ["without its HEAD", () => rmSync(join(world.mirror, "HEAD"))],
    ["with a ref that is none", () => writeFileSync(join(world.mirror, "refs/heads/main"), "rubbish\n")],
    ["that is gone", () => rmSync(world.mirror, { recursive: true })],
    [
      "with packs cut short",
      () => {
        for (const name of readdirSync(join(world.mirror, "objects"), {
          recursive: true,
          withFileTypes: true,
        })) {
          if (name.isFile()) truncateSync(join(name.parentPath, name.name), 1);
        }
      },
    ],
  ])("%s is made again", async (_, harm) => {
    await world.must(world.folder, "ls-remote", world.url);
    harm();
    // what harms only old objects may show in the middle of a first clone; the next finds a whole mirror
    await world.git(world.folder, "clone", "-q", world.url, join(world.folder, "broken"));
    rmSync(join(world.folder, "broken"), { recursive: true, force: true });
    const work = await world.clone("mended");
    expect(await world.must(work, "rev-parse", "HEAD")).toBe(inUpstream("rev-parse", "main"));
    rmSync(work, { recursive: true });
  });
});
