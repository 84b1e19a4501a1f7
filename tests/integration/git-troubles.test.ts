import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import http from "node:http";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { startGate } from "./git-gates.ts";
import type { RemotePolicy } from "../../sidecars/wire/git-policy.ts";
import { type GitWorld, processesWith, startGitWorld } from "./git-kit.ts";
import { aKey } from "./git-sshd.ts";

let world: GitWorld;
afterEach(() => world.close());

/** A key pair that nobody knows. */
function aStranger(passphrase = ""): { private: string; public: string } {
  mkdirSync(join(world.folder, "stranger"));
  return aKey(join(world.folder, "stranger"), "key", passphrase);
}

/** A second gate beside the world's, of another declaration; resolves to how a clone through it ends. */
async function readThrough(policy: Partial<RemotePolicy>, secret = world.sshd.privateKey): Promise<string> {
  const [declared] = world.options.remotes;
  if (declared === undefined) throw new Error("no remote");
  await world.gate?.close();
  const remotes = [{ policy: { ...declared.policy, ...policy }, secret }];
  world.gate = await startGate({ ...world.options, remotes }, world.socket);
  const ended = await world.git(world.folder, "ls-remote", world.url);
  expect(ended.code).not.toBe(0);
  expect(ended.stdout).toBe("");
  return ended.stderr;
}

describe("an upstream that does not serve", () => {
  it("with another host key than the pinned one is HostKeyMismatch", async () => {
    world = await startGitWorld();
    const knownHost = `[127.0.0.1]:${world.sshd.port} ${aStranger().public}`;
    const before = world.sshd.logins();
    expect(await readThrough({ knownHost })).toContain("remote error: git-gate: HostKeyMismatch");
    expect(world.sshd.logins()).toBe(before);
  });

  it("and whose host is not pinned at all is HostKeyMismatch", async () => {
    world = await startGitWorld();
    const knownHost = world.sshd.knownHost.replace("127.0.0.1", "127.0.0.9");
    expect(await readThrough({ knownHost })).toContain("remote error: git-gate: HostKeyMismatch");
  });

  it("as it does not know the key is AuthenticationFailed", async () => {
    world = await startGitWorld();
    expect(await readThrough({}, aStranger().private)).toContain(
      "remote error: git-gate: AuthenticationFailed",
    );
  });

  it("as it has no such repository is said in its own words", async () => {
    world = await startGitWorld();
    const url = world.directUrl.replace("upstream.git", "nothing.git");
    expect(await readThrough({ url })).toMatch(
      /git-gate: UpstreamUnreachable: .*does not appear to be a git repository/,
    );
  });

  it.each(["0", "2"])(
    "as it is down ends clone, fetch and push, with nothing stale (version %s)",
    async (version) => {
      world = await startGitWorld();
      const work = await world.clone("work", "-c", `protocol.version=${version}`);
      await world.commit(work, "a", "a\n");
      await world.sshd.stop();
      for (const args of [["fetch"], ["push", "origin", "main"], ["clone", world.url, "again"]]) {
        const ended = await world.git(work, "-c", `protocol.version=${version}`, ...args);
        expect(ended.code).not.toBe(0);
        expect(ended.stderr).toContain("remote error: git-gate: UpstreamUnreachable");
      }
      expect(existsSync(join(work, "again", "README"))).toBe(false);
      await world.sshd.start();
      await world.must(work, "push", "-q", "origin", "main");
      expect(world.refs(world.upstream)).toEqual(world.refs(world.mirror));
    },
  );

  it("as it goes down during a push has nothing of it, nor has the mirror", async () => {
    world = await startGitWorld({
      inspectPush: async () => {
        await world.sshd.stop();
        return { kind: "clean" };
      },
    });
    const work = await world.clone("work");
    const before = world.refs(world.upstream);
    await world.commit(work, "a", "a\n");
    const pushed = await world.git(work, "push", "origin", "main");
    expect(pushed.code).toBe(1);
    expect(pushed.stderr).toContain("git-gate: UpstreamUnreachable");
    expect(world.refs(world.upstream)).toEqual(before);
    expect(world.refs(world.mirror)).toEqual(before);
  });

  it("as it hangs ends at the time limit, with its processes", async () => {
    world = await startGitWorld({ limits: { listTimeoutMs: 1_500 } });
    const silent: Socket[] = [];
    const server = createServer((socket) => silent.push(socket)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const url = world.directUrl.replace(String(world.sshd.port), String(port));
    expect(await readThrough({ url })).toContain("UpstreamUnreachable: upstream did not answer (time limit)");
    expect(processesWith(url)).toEqual([]);
    for (const socket of silent) socket.destroy();
    server.close();
  });
});

describe("a remote whose declaration cannot be kept is not served, and leaves no process", () => {
  it("with a key that has a passphrase", async () => {
    world = await startGitWorld({ stopped: true });
    const said = await readThrough({}, aStranger("open sesame").private);
    expect(said).toContain("the private key cannot be used: it must be an OpenSSH key without a passphrase");
    await expect.poll(() => processesWith(world.gateFolder)).toEqual([]);
  });
});

describe("paths", () => {
  const send = (
    method: string,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<[number, string]> =>
    new Promise((done, fail) => {
      const request = http.request({ socketPath: world.socket, method, path, headers }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("end", () => done([response.statusCode ?? 0, text]));
      });
      request.on("error", fail);
      request.end();
    });

  it("that leave the mirrors, are not declared or are files of a repository name nothing", async () => {
    world = await startGitWorld();
    await world.must(world.folder, "ls-remote", world.url);
    await world.must(world.folder, "init", "-q", "--bare", join(world.gateFolder, "mirrors", "other.git"));
    const info = "info/refs?service=git-upload-pack";
    const paths = {
      [`/other.git/${info}`]: 404,
      [`/../app.git/${info}`]: 404,
      [`/app.git/../other.git/${info}`]: 404,
      [`/app.git/%2e%2e/other.git/${info}`]: 404,
      [`/%61pp.git/${info}`]: 404,
      [`//app.git/${info}`]: 404,
      [`/app.git//${info}`]: 404,
      [`/app.git/${info}&x=y`]: 403,
      [`/app/${info}`]: 404,
      [`/.git/${info}`]: 404,
      "/app.git/info/refs": 403,
      "/app.git/HEAD": 403,
      "/app.git/config": 404,
      "/app.git/objects/info/packs": 403,
      "/app.git/info/refs?service=git-upload-archive": 403,
      "/": 404,
    };
    for (const [path, status] of Object.entries(paths)) {
      const [got, because] = await send("GET", path);
      expect([path, got]).toEqual([path, status]);
      expect(because).toMatch(/^git-gate: .{10,}\n$/);
    }
    expect((await send("POST", "/app.git/git-upload-pack"))[0]).toBe(415);
    expect((await send("PUT", "/app.git/git-receive-pack"))[0]).toBe(405);
  });
});
