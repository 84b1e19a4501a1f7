import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { globSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCertificateAuthority } from "../../sidecars/egress/certificates/authority.ts";
import { startGate } from "./git-gates.ts";
import type { RemotePolicy } from "../../sidecars/wire/git-policy.ts";
import { type HttpsUpstream, startHttpsUpstream } from "./git-https-kit.ts";
import { type GitWorld, processesWith, startGitWorld } from "./git-kit.ts";

const TOKEN = "glpat" + "-9Yw2kQ7mXv4tRb1nZc8e";

let world: GitWorld;
let upstream: HttpsUpstream;
beforeEach(async () => {
  world = await startGitWorld({ stopped: true });
  execFileSync("git", ["-C", world.upstream, "config", "http.receivepack", "true"]);
  upstream = await startHttpsUpstream(world.upstream);
});
afterEach(async () => {
  await world.close();
  await upstream.close();
});

/** Starts the world's gate before the https upstream. */
async function start(secret: string | undefined, fields: Partial<RemotePolicy> = {}): Promise<void> {
  const [declared] = world.options.remotes;
  if (declared === undefined) throw new Error("no remote");
  const url = `https://127.0.0.1:${upstream.port}/upstream.git`;
  const { knownHost: _, ...policy } = declared.policy;
  const remote = { ...policy, url, transport: "https" as const, caBundle: upstream.caPem, ...fields };
  world.gate = await startGate({ ...world.options, remotes: [{ policy: remote, secret }] }, world.socket);
}

async function refusal(): Promise<string> {
  const ended = await world.git(world.folder, "ls-remote", world.url);
  expect(ended.code).not.toBe(0);
  expect(ended.stdout).toBe("");
  return ended.stderr;
}

async function pushOne(): Promise<void> {
  const work = await world.clone("work");
  const id = await world.commit(work, "a", "a\n");
  await world.must(work, "push", "-q", "origin", "main");
  expect(world.refs(world.upstream)["refs/heads/main"]).toBe(id);
  expect(world.refs(world.mirror)).toEqual(world.refs(world.upstream));
}

describe("an https remote", () => {
  it.each([
    ["a token", TOKEN, `x-access-token:${TOKEN}`],
    ["a user and a password", `ann:${TOKEN}:x`, `ann:${TOKEN}:x`],
  ])("is cloned from and pushed to with %s", async (_, secret, credential) => {
    upstream.allowed = credential;
    await start(secret);
    await pushOne();
    expect(new Set(upstream.seen.map((seen) => seen.credential))).toEqual(new Set([undefined, credential]));
  });

  it("without a secret is used without one", async () => {
    await start(undefined);
    await pushOne();
    expect(new Set(upstream.seen.map(({ credential }) => credential))).toEqual(new Set([undefined]));
  });

  it("has its token in no argument, no environment and no file", async () => {
    upstream.allowed = `x-access-token:${TOKEN}`;
    const reached = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    upstream.intercept = (request, response) => {
      if (request.headers.authorization === undefined) return false;
      reached.resolve();
      void goOn.promise.then(() => response.writeHead(403).end());
      return true;
    };
    await start(TOKEN);
    const listed = world.git(world.folder, "ls-remote", world.url);
    await reached.promise;
    expect(
      processesWith("git-remote-https").length + processesWith(`:${upstream.port}/`).length,
    ).toBeGreaterThan(1);
    expect(processesWith(TOKEN)).toEqual([]);
    const files = globSync("**/*", { cwd: world.gateFolder }).map((name) => join(world.gateFolder, name));
    const ours = files.filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true);
    expect(ours.length).toBeGreaterThan(5);
    expect(ours.filter((file) => readFileSync(file, "latin1").includes(TOKEN))).toEqual([]);
    goOn.resolve();
    const { stderr } = await listed;
    expect(stderr).toContain("git-gate: AuthenticationFailed: upstream did not accept the token");
    expect(stderr).not.toContain(TOKEN);
  });
});

describe("an https upstream that does not serve", () => {
  it("as it does not know the token, or wants one, is AuthenticationFailed", async () => {
    upstream.allowed = "ann:other";
    await start(TOKEN);
    expect(await refusal()).toContain("git-gate: AuthenticationFailed");
    await world.gate?.close();
    await start(undefined);
    expect(await refusal()).toContain("git-gate: AuthenticationFailed");
  });

  it("as it lets nobody push is AuthenticationFailed, and the mirror stays", async () => {
    await start(undefined);
    const work = await world.clone("work");
    await world.commit(work, "a", "a\n");
    const before = world.refs(world.mirror);
    upstream.intercept = (request, response) => {
      const isPush = request.url?.includes("receive-pack") === true;
      if (isPush) response.writeHead(403).end();
      return isPush;
    };
    const pushed = await world.git(work, "push", "origin", "main");
    expect(pushed.code).toBe(1);
    expect(pushed.stderr).toContain("git-gate: AuthenticationFailed");
    expect(world.refs(world.mirror)).toEqual(before);
  });

  it("with a certificate of another CA is not trusted, nor asked with the token", async () => {
    const { certificatePem } = createCertificateAuthority({ commonName: "other", now: new Date(), days: 1 });
    for (const caBundle of [certificatePem, undefined]) {
      await start(TOKEN, caBundle === undefined ? { caBundle: undefined } : { caBundle });
      expect(await refusal()).toContain("git-gate: UpstreamUnreachable: upstream cannot be trusted");
      await world.gate?.close();
    }
    expect(upstream.seen).toEqual([]);
  });

  it("and sends elsewhere is not followed, and the token goes nowhere", async () => {
    const other = await startHttpsUpstream(world.upstream);
    other.allowed = "nobody:may";
    upstream.intercept = (request, response) => {
      response.writeHead(302, { location: `https://127.0.0.1:${other.port}${request.url}` }).end();
      return true;
    };
    await start(TOKEN);
    expect(await refusal()).toContain("redirects are not followed");
    expect(other.seen).toEqual([]);
    await other.close();
  });

  it("as it has no such repository, breaks or is down is said", async () => {
    await start(undefined, { url: `https://127.0.0.1:${upstream.port}/nothing.git` });
    expect(await refusal()).toMatch(/git-gate: UpstreamUnreachable: .*nothing\.git\/?' not found/);
    upstream.intercept = (_, response) => {
      response.writeHead(500).end();
      return true;
    };
    expect(await refusal()).toMatch(/git-gate: UpstreamUnreachable: .*returned error: 500/);
    await upstream.close();
    expect(await refusal()).toMatch(/git-gate: UpstreamUnreachable: .*Failed to connect/);
    upstream = await startHttpsUpstream(world.upstream);
  });

  it("as it hangs ends at the time limit", async () => {
    await world.close();
    world = await startGitWorld({ stopped: true, limits: { listTimeoutMs: 1_000 } });
    upstream.intercept = () => true;
    await start(TOKEN);
    expect(await refusal()).toContain("UpstreamUnreachable: upstream did not answer (time limit)");
    expect(processesWith(`:${upstream.port}/`)).toEqual([]);
  });
});
