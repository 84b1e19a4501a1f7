import { existsSync, readdirSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FLUSH, pktLine } from "../../sidecars/git-gate/http/pkt-line.ts";
import { objectId, packOf, startJudgingWorld } from "./git-evasions-kit.ts";
import { startGate } from "./git-gates.ts";
import { type HttpsUpstream, startHttpsUpstream } from "./git-https-kit.ts";
import { type GitWorld, setHook, startGitWorld } from "./git-kit.ts";
import { PushRepository } from "./git-push-kit.ts";

let world: GitWorld;
afterEach(() => world.close());

describe("an upstream over ssh that means harm", () => {
  let hostile: PushRepository;
  beforeEach(async () => {
    world = await startJudgingWorld();
    hostile = new PushRepository();
  });
  afterEach(() => hostile[Symbol.dispose]());

  /** Puts an object and what it reaches into upstream, unchecked, under a ref. */
  async function plant(id: string, ref: string): Promise<void> {
    await world.must(hostile.gitDir, "push", "-q", world.upstream, `${id}:refs/heads/planted`);
    await world.must(world.upstream, "update-ref", ref, id);
    await world.must(world.upstream, "update-ref", "-d", "refs/heads/planted");
  }

  it("shows no refs but branches and tags", async () => {
    const id = hostile.commit({ files: { a: "hidden" } });
    for (const ref of [
      "refs/pull/1/head",
      "refs/notes/commits",
      `refs/replace/${"1".repeat(40)}`,
      "refs/stash",
    ])
      await plant(id, ref);

    const work = await world.clone("work", "--mirror");

    expect(Object.keys(world.refs(work))).toEqual(["refs/heads/main"]);
    expect(Object.keys(world.refs(world.mirror))).toEqual(["refs/heads/main"]);
  });

  it.each([
    "refs/heads/--upload-pack=touch${IFS}pwned",
    "refs/heads/-c",
    "refs/heads/$(touch${IFS}pwned)",
    "refs/heads/;touch${IFS}pwned",
    "refs/heads/|sh",
    "refs/heads/%2e%2e/x",
    "refs/heads/refs/heads/main",
    "refs/heads/ä\u202e",
    "refs/tags/HEAD",
  ])("may name a ref %s, which is a name and nothing else", async (ref) => {
    const id = hostile.commit({ files: { a: "odd" } });
    await plant(id, ref);

    const work = await world.clone("work", "--mirror");

    expect(world.refs(work)[ref]).toBe(id);
    expect(world.refs(world.mirror)).toEqual(world.refs(world.upstream));
    for (const folder of [world.mirror, world.gateFolder, work, "/"])
      expect(existsSync(join(folder, "pwned"))).toBe(false);
  });

  it.each<[string, (git: PushRepository) => string]>([
    [
      ".git as a directory",
      (git) => git.commit({ files: { ".git": { config: "[core]\n\tfsmonitor = x\n" } } }),
    ],
    [".git in other letters", (git) => git.commit({ files: { ".GIT": { config: "x" } } })],
    [
      ".gitmodules as a link",
      (git) =>
        git.commit({ files: { ".gitmodules": { mode: "120000", id: git.object("blob", "/etc/passwd") } } }),
    ],
    [
      "a submodule whose URL is an option",
      (git) => git.commit({ files: { ".gitmodules": '[submodule "a"]\n\tpath = a\n\turl = -u./run\n' } }),
    ],
    [
      "a submodule that updates by a command",
      (git) =>
        git.commit({
          files: {
            ".gitmodules": '[submodule "a"]\n\tpath = a\n\turl = https://x/\n\tupdate = !touch pwned\n',
          },
        }),
    ],
    ["a file named ..", (git) => git.commit({ files: { "..": "x" } })],
    ["a name with a slash", (git) => git.commit({ files: { "../../hooks/post-checkout": "x" } })],
  ])("does not get %s into the mirror", async (_, make) => {
    await plant(make(hostile), "refs/heads/evil");
    const before = world.refs(world.mirror);

    const ended = await world.git(world.folder, "clone", "-q", world.url, "work");

    expect(ended.code).not.toBe(0);
    expect(ended.stderr).toContain("git-gate:");
    expect(world.refs(world.mirror)).toEqual(before);
    expect(readdirSync(world.folder)).not.toContain("pwned");
  });

  it("is not followed into its submodules", async () => {
    const modules = `[submodule "a"]\n\tpath = a\n\turl = ${world.directUrl}/nowhere\n`;
    const files = { ".gitmodules": modules, a: { mode: "160000", id: "1".repeat(40) } };
    await plant(hostile.commit({ files }), "refs/heads/with-submodule");
    const logins = world.sshd.logins();

    await world.clone("work");

    expect(world.refs(world.mirror)).toEqual(world.refs(world.upstream));
    expect(world.sshd.logins() - logins).toBeLessThanOrEqual(2);
  });

  it("cannot steer the terminal of who pushes, by its hooks", async () => {
    const say = String.raw`printf '\033]0;owned\007\033[2J\rok\b\302\233x\n' >&2`;
    setHook(world.upstream, "pre-receive", `${say}; exit 1`);
    const work = await world.clone("work");
    await world.commit(work, "a", "a\n");

    const { stderr } = await world.git(work, "push", "-q", "origin", "main");

    expect(stderr).toContain("pre-receive hook declined");
    // git itself ends the lines of a remote with an escape when it writes to a terminal, which this is not
    expect(stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  });

  it("cannot lend the mirror objects of another repository", async () => {
    const id = hostile.commit({ files: { a: "elsewhere" } });
    const places = join(world.upstream, "objects/info/alternates");
    writeFileSync(places, `${join(hostile.gitDir, "objects")}\n`);
    await world.must(world.upstream, "update-ref", "refs/heads/lent", id);

    await world.clone("work");

    expect(existsSync(join(world.mirror, "objects/info/alternates"))).toBe(false);
    expect(await world.must(world.mirror, "cat-file", "-t", id)).toBe("commit");
  });
});

describe("an upstream over https that speaks as it likes", () => {
  let upstream: HttpsUpstream;
  beforeEach(async () => {
    world = await startGitWorld({ stopped: true });
    upstream = await startHttpsUpstream(world.upstream);
    const [declared] = world.options.remotes;
    if (declared === undefined) throw new Error("no remote");
    const { knownHost: _, ...policy } = declared.policy;
    const url = `https://127.0.0.1:${upstream.port}/upstream.git`;
    const remote = { ...policy, url, transport: "https" as const, caBundle: upstream.caPem };
    const limits = { ...world.options.limits, listTimeoutMs: 4_000, fetchTimeoutMs: 4_000 };
    const options = { ...world.options, limits, remotes: [{ policy: remote, secret: undefined }] };
    world.gate = await startGate(options, world.socket);
  });
  afterEach(() => upstream.close());

  const advertised = [
    pktLine("# service=git-upload-pack\n"),
    FLUSH,
    ...["version 2\n", "ls-refs\n", "fetch\n", "object-format=sha1\n"].map((line) => pktLine(line)),
    FLUSH,
  ];

  /** Answers every question in version 2 of the protocol: with these refs, and this for a fetch. */
  function speak(refs: readonly string[], fetched: readonly Buffer[]): void {
    upstream.intercept = (request, response) => {
      const isAdvert = request.method === "GET";
      const type = `application/x-git-upload-pack-${isAdvert ? "advertisement" : "result"}`;
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString("latin1")));
      request.on("end", () => {
        response.writeHead(200, { "content-type": type });
        const listed = [...refs.map((line) => pktLine(`${line}\n`)), FLUSH];
        const answer = isAdvert ? advertised : body.includes("command=fetch") ? fetched : listed;
        response.end(Buffer.concat([...answer]));
      });
      return true;
    };
  }

  /** A pack, as a fetch is answered with it. */
  const packed = (pack: Buffer): Buffer[] => [
    pktLine("packfile\n"),
    ...Array.from({ length: Math.ceil(pack.length / 60_000) }, (_, index) => {
      const part = Buffer.concat([Buffer.from([1]), pack.subarray(index * 60_000, (index + 1) * 60_000)]);
      const length = Buffer.from((part.length + 4).toString(16).padStart(4, "0"));
      return Buffer.concat([length, part]);
    }),
    FLUSH,
  ];

  const id = "1".repeat(40);
  const readme = Buffer.from("a file\n");
  const cases: [string, () => void][] = [
    ["refs that leave the folder", () => speak([`${id} refs/heads/../../../evil`], [])],
    ["refs that are no names", () => speak([`${id} refs/heads/a b~^:`, `${id} refs/heads/\u001b[2J`], [])],
    ["a ref without an object", () => speak([`${id} refs/heads/main`], packed(packOf([])))],
    [
      "other objects than were asked for",
      () => speak([`${id} refs/heads/main`], packed(packOf([{ type: "blob", bytes: readme }]))),
    ],
    [
      "an object that is none",
      () => {
        const tree = Buffer.from("no tree");
        speak([`${objectId("tree", tree)} refs/heads/main`], packed(packOf([{ type: "tree", bytes: tree }])));
      },
    ],
    ["a pack that ends early", () => speak([`${id} refs/heads/main`], packed(packOf([], 9).subarray(0, 20)))],
    ["what is no protocol", () => speak(["\0\0\0", "x".repeat(60_000)], [Buffer.from("zzzz")])],
    ["an error with escapes", () => speak([], [pktLine("ERR \u001b]0;owned\u0007")])],
  ];

  it("is understood when it speaks as it should", async () => {
    const tree = Buffer.concat([Buffer.from("100644 a\0"), Buffer.from(objectId("blob", readme), "hex")]);
    const who = "Ann <ann@example.com> 1700000000 +0000";
    const words = `tree ${objectId("tree", tree)}\nauthor ${who}\ncommitter ${who}\n\nby hand\n`;
    const commit = Buffer.from(words);
    const pack = packOf([
      { type: "commit", bytes: commit },
      { type: "tree", bytes: tree },
      { type: "blob", bytes: readme },
    ]);
    speak([`${objectId("commit", commit)} refs/heads/main`], packed(pack));

    expect(await world.git(world.folder, "clone", "-q", world.url, "work")).toMatchObject({ code: 0 });
    expect(world.refs(world.mirror)).toEqual({ "refs/heads/main": objectId("commit", commit) });
  });

  it.each(cases)("gets nothing into the mirror with %s", async (_, act) => {
    act();

    const ended = await world.git(world.folder, "clone", "-q", world.url, "work");

    if (ended.code === 0) expect(world.refs(join(world.folder, "work"))).toEqual({});
    expect(ended.stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    expect(world.refs(world.mirror)).toEqual({});
    expect(existsSync(join(world.folder, "evil"))).toBe(false);
    upstream.intercept = undefined;
    expect(await world.git(world.folder, "ls-remote", world.url)).toMatchObject({ code: 0 });
  });

  it("does not send the gate elsewhere, by a redirect, by the files of a repository or by its alternates", async () => {
    const asked: string[] = [];
    const elsewhere = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.writeHead(404).end();
    }).listen(0, "127.0.0.1");
    await once(elsewhere, "listening");
    const url = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
    const answers: Record<string, (response: ServerResponse) => void> = {
      "/upstream.git/HEAD": (response) => response.end("ref: refs/heads/main\n"),
      "/upstream.git/info/refs": (response) => response.end(`${id}\trefs/heads/main\n`),
      "/upstream.git/objects/info/http-alternates": (response) => response.end(`${url}/objects\n`),
      "/upstream.git/objects/info/alternates": (response) => response.end(`${url}/objects\n`),
    };
    const dumb = (request: IncomingMessage, response: ServerResponse): boolean => {
      const answer = answers[(request.url ?? "").split("?")[0] ?? ""];
      if (answer === undefined) response.writeHead(404).end();
      else answer(response.writeHead(200, { "content-type": "text/plain" }));
      return true;
    };
    const redirect = (request: IncomingMessage, response: ServerResponse): boolean => {
      response.writeHead(302, { location: `${url}${request.url}` }).end();
      return true;
    };

    for (const intercept of [dumb, redirect]) {
      upstream.intercept = intercept;
      expect((await world.git(world.folder, "clone", "-q", world.url, "work")).code).not.toBe(0);
    }

    expect(asked).toEqual([]);
    expect(world.refs(world.mirror)).toEqual({});
    elsewhere.close();
  });
});
