import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EgressRoute } from "../../../crds/egress-route.ts";
import { aSecret, startWorld, type World } from "./kit.ts";
import { type HttpsUpstream, startHttpsUpstream } from "../git-https-kit.ts";

/** Real git over https, from a forge that lets nobody in without a password. */

const run = promisify(execFile);
const PLACEHOLDER = "egress-placeholder-0123456789abcdef";
const PASSWORD = "a-token-of-the-owner";

let forge: HttpsUpstream;
let world: World;
let folder: string;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "bb-git-credentials-"));
  environment = {
    ...{ PATH: process.env["PATH"], HOME: folder, GIT_TERMINAL_PROMPT: "0", GIT_CONFIG_NOSYSTEM: "1" },
    ...{
      GIT_AUTHOR_NAME: "a",
      GIT_AUTHOR_EMAIL: "a@b.c",
      GIT_COMMITTER_NAME: "a",
      GIT_COMMITTER_EMAIL: "a@b.c",
    },
  };
  const work = join(folder, "work");
  await git("init", "-q", "-b", "main", work);
  // beyond what fits one packet, so that a fetch is a real conversation
  writeFileSync(join(work, "file"), "line of the repository\n".repeat(50_000));
  await git("-C", work, "add", ".");
  await git("-C", work, "commit", "-q", "-m", "one");
  await git("clone", "-q", "--bare", work, join(folder, "app.git"));
  forge = await startHttpsUpstream(join(folder, "app.git"));
  forge.allowed = `git:${PASSWORD}`;
  world = await startWorld({});
  writeFileSync(join(folder, "ca.pem"), world.ca);
  Object.assign(environment, {
    https_proxy: `http://127.0.0.1:${world.port}`,
    GIT_SSL_CAINFO: join(folder, "ca.pem"),
  });
});

afterAll(async () => {
  await world.close();
  await forge.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  forge.seen.length = 0;
  rmSync(join(folder, "clone"), { recursive: true, force: true });
});

/** Output and errors, whatever the exit code. */
async function git(...argv: string[]): Promise<string> {
  const { stdout, stderr } = await run("git", argv, { env: environment, timeout: 30_000 }).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  return stdout + stderr;
}

function enforce(auth: EgressRoute["auth"] = {}): void {
  const host = "127.0.0.1";
  const route = {
    ...{ host, ports: [forge.port], methods: ["GET", "POST"], paths: ["/app.git"], allowPrivate: [host] },
    upstream: { address: host, port: forge.port, caBundle: forge.caPem },
    auth: { scheme: "Basic" as const, secretRef: { name: "cred", key: "token" }, ...auth },
  };
  const fingerprint = new X509Certificate(forge.caPem).fingerprint256;
  const secret = aSecret(`git:${PASSWORD}\n`, `${host}:${forge.port}`, `sha256:${fingerprint}`);
  world.enforce({ routes: [route] }, [{ ...secret, placeholder: PLACEHOLDER }]);
}
const url = (user = ""): string => `https://${user}127.0.0.1:${forge.port}/app.git`;

describe("git over https, from a forge that asks for a password", () => {
  it("clones and fetches with the owner's, and the agent never has it", async () => {
    enforce();
    expect(await git("clone", url(), join(folder, "clone"))).not.toMatch(/fatal|denied/);
    expect(readFileSync(join(folder, "clone", "file"), "utf8")).toHaveLength(1_150_000);
    expect(await git("-C", join(folder, "clone"), "fetch", "--prune")).toBe("");
    expect(new Set(forge.seen.map(({ credential }) => credential))).toEqual(new Set([`git:${PASSWORD}`]));
    expect(readFileSync(join(folder, "clone", ".git", "config"), "utf8")).not.toContain(PASSWORD);
  });

  it.each(["x:PLACEHOLDER@", "PLACEHOLDER:x-oauth-basic@"])(
    "takes the placeholder for the password where the route asks for it: %s",
    async (user) => {
      enforce({ require: "placeholder" });
      // git asks without a password at first, and again with the one of the URL once it is asked for one
      const named = url(user.replace("PLACEHOLDER", PLACEHOLDER));
      expect(await git("clone", named, join(folder, "clone"))).not.toMatch(/fatal|denied/);
      expect(world.audit.map(({ code }) => code)).toContain("PlaceholderMissing");
      expect(readFileSync(join(folder, "clone", "file"), "utf8")).toHaveLength(1_150_000);
    },
  );

  it("does not get in without it", async () => {
    enforce({ require: "placeholder" });
    expect(await git("clone", url("x:mine@"), join(folder, "clone"))).toContain("Authentication failed");
    expect(forge.seen).toEqual([]);
  });

  it("is refused a push all the same", async () => {
    enforce();
    await git("clone", url(), join(folder, "clone"));
    await git("-C", join(folder, "clone"), "commit", "-q", "--allow-empty", "-m", "two");
    forge.seen.length = 0;
    expect(await git("-C", join(folder, "clone"), "push", "origin", "HEAD:refs/heads/x")).toContain("403");
    expect(world.audit.at(-1)).toMatchObject({ code: "GitPushRefused" });
    expect(forge.seen).toEqual([]);
  });
});
