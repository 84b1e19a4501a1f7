import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startUpstream, startWorld, type Upstream, type World } from "./egress-kit.ts";

/** Real clients, told of the proxy and of the CA as a bottle's agent is: by environment. */

const HOST = "api.example.com";
const run = promisify(execFile);

const PROGRAMS = ["curl", "git", "openssl", "python3"];
const missing = PROGRAMS.filter((program) => spawnSync(program, ["--version"]).error !== undefined);
if (missing.length > 0) throw new Error(`these tests need ${missing.join(", ")}: install what is missing`);

let upstream: Upstream;
let plain: Upstream;
let world: World;
let folder: string;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  const answer = (_request: unknown, response: { end(text: string): void }): void =>
    response.end("hello from upstream");
  upstream = await startUpstream({ answer });
  plain = await startUpstream({ plain: true, answer });
  world = await startWorld({
    egress: { routes: [{ host: HOST, methods: ["*"] }] },
    overrides: { [`${HOST}:443`]: upstream.port, [`${HOST}:80`]: plain.port },
  });
  folder = mkdtempSync(join(tmpdir(), "bb-clients-"));
  const ca = join(folder, "ca.pem");
  writeFileSync(ca, world.ca);
  const proxy = `http://127.0.0.1:${world.port}`;
  environment = {
    PATH: process.env["PATH"],
    HOME: folder,
    http_proxy: proxy,
    https_proxy: proxy,
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    NODE_USE_ENV_PROXY: "1",
    NODE_EXTRA_CA_CERTS: ca,
    SSL_CERT_FILE: ca,
    CURL_CA_BUNDLE: ca,
    GIT_SSL_CAINFO: ca,
    GIT_TERMINAL_PROMPT: "0",
  };
});

afterAll(async () => {
  await world.close();
  upstream.close();
  plain.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Output and errors, whatever the exit code. */
async function outputOf(program: string, ...argv: string[]): Promise<string> {
  const { stdout, stderr } = await run(program, argv, { env: environment, timeout: 20_000 }).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  return stdout + stderr;
}

const NODE_GET = "const a = await fetch(process.argv[1]); console.log(a.status, await a.text())";
const PYTHON_GET =
  "import sys, urllib.request as u\nprint(u.urlopen(sys.argv[1], timeout=10).read().decode())";

const clients: [string, (url: string) => Promise<string>][] = [
  ["node", (url) => outputOf(process.execPath, "--input-type=module", "-e", NODE_GET, url)],
  ["curl", (url) => outputOf("curl", "-sS", "-i", url)],
  ["python3", (url) => outputOf("python3", "-c", PYTHON_GET, url)],
];

describe.each(clients)("%s", (_program, get) => {
  it("reaches an allowed host over TLS with the bottle's CA, and over http", async () => {
    expect(await get(`https://${HOST}/x`)).toContain("hello from upstream");
    expect(await get(`http://${HOST}/x`)).toContain("hello from upstream");
  });

  it("does not reach another host", async () => {
    const output = await get("https://evil.example/");
    expect(output).not.toContain("hello");
    expect(world.audit.at(-1)).toMatchObject({ code: "HostNotAllowed", host: "evil.example" });
  });
});

describe("openssl", () => {
  it("verifies the chain and sees one name, for a server only", async () => {
    const [host, ca] = [`127.0.0.1:${world.port}`, join(folder, "ca.pem")];
    const argv = [
      "-proxy",
      host,
      "-connect",
      `${HOST}:443`,
      "-servername",
      HOST,
      "-CAfile",
      ca,
      "-verify_return_error",
    ];
    const talk = run("openssl", ["s_client", ...argv, "-verify_hostname", HOST], { timeout: 20_000 });
    talk.child.stdin?.end();
    const { stdout } = await talk;
    expect(stdout).toContain("Verify return code: 0 (ok)");
    const leaf = join(folder, "leaf.pem");
    writeFileSync(leaf, /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/.exec(stdout)?.[0] ?? "");
    const text = await outputOf("openssl", "x509", "-in", leaf, "-noout", "-text");
    expect(text).toContain(`DNS:${HOST}`);
    expect(text).toContain("TLS Web Server Authentication");
    expect(text).toContain("CA:FALSE");
    expect(
      await outputOf("openssl", "verify", "-x509_strict", "-CAfile", ca, "-purpose", "sslserver", leaf),
    ).toContain("OK");
  });
});

describe("git", () => {
  it("is refused a push, and asks for a fetch as any request", async () => {
    const repository = join(folder, "repository");
    for (const argv of [
      ["init", "-q", repository],
      [
        "-C",
        repository,
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b.c",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "one",
      ],
    ]) {
      await outputOf("git", ...argv);
    }
    const push = await outputOf(
      "git",
      "-C",
      repository,
      "push",
      `https://${HOST}/team/app.git`,
      "HEAD:refs/heads/x",
    );
    expect(push).toContain("403");
    expect(world.audit.at(-1)).toMatchObject({ code: "GitPushRefused" });
    await outputOf("git", "ls-remote", `https://${HOST}/team/app.git`);
    const fetched = world.audit.filter(({ code }) => code === "Allowed").map(({ path }) => path);
    expect(fetched).toContain("/team/app.git/info/refs");
  });
});

describe("a client that does not trust the bottle's CA", () => {
  it("is recorded as such", async () => {
    const proxy = `http://127.0.0.1:${world.port}`;
    const output = await outputOf(
      "curl",
      "-sS",
      "-x",
      proxy,
      "--cacert",
      "/etc/ssl/certs/ca-certificates.crt",
      `https://${HOST}/`,
    );
    expect(output).not.toContain("hello");
    await expect.poll(() => world.audit.at(-1)?.code).toBe("ClientDistrustsCa");
  });
});
