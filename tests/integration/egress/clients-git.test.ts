import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ClientWorld, need, startClientWorld } from "./clients-kit.ts";
import { startUpstream, type Upstream } from "./kit.ts";
import { runGit } from "../git-https-kit.ts";

const HOST = "git.example.com";
const URL = `https://${HOST}/app.git`;
/** more than any buffer on the way holds */
const BLOB = randomBytes(4 * 1024 * 1024);
need("git");

let folder: string;
let upstream: Upstream;
let clients: ClientWorld;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "bb-git-upstream-"));
  const work = join(folder, "work");
  const git = (...argv: string[]): void => void execFileSync("git", argv, { cwd: folder, stdio: "pipe" });
  git("init", "-q", "-b", "main", work);
  writeFileSync(join(work, "blob"), BLOB);
  git("-C", work, "add", "blob");
  git("-C", work, "-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-q", "-m", "one");
  git("clone", "-q", "--bare", work, join(folder, "app.git"));
  upstream = await startUpstream({ answer: (...ask) => runGit(join(folder, "app.git"), ...ask) });
  clients = await startClientWorld({
    egress: { routes: [{ host: HOST, methods: ["*"] }] },
    overrides: { [`${HOST}:443`]: upstream.port },
  });
});

afterAll(async () => {
  await clients.close();
  upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("git over https", () => {
  it("clones and fetches what the upstream has", async () => {
    const clone = join(clients.folder, "clone");
    const { code, output } = await clients.run("git", "clone", "-q", URL, clone);
    expect([code, output]).toEqual([0, ""]);
    expect(readFileSync(join(clone, "blob")).equals(BLOB)).toBe(true);
    expect(await clients.run("git", "-C", clone, "fetch", "-q", "--depth=1", "origin", "main")).toMatchObject(
      {
        code: 0,
      },
    );
  });

  it("is refused a push, before a byte of it arrives", async () => {
    const clone = join(clients.folder, "pushing");
    await clients.run("git", "clone", "-q", URL, clone);
    const before = upstream.seen.length;
    const { code, output } = await clients.run("git", "-C", clone, "push", URL, "HEAD:refs/heads/x");
    expect(code).not.toBe(0);
    expect(output).toContain("403");
    expect(clients.world.audit.at(-1)).toMatchObject({ code: "GitPushRefused" });
    expect(upstream.seen.slice(before)).toEqual([]);
  });
});
