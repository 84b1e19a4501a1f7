import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ClientWorld, need, startClientWorld } from "./clients-kit.ts";
import { startUpstream, type Upstream } from "./kit.ts";

/** Clients that every agent has, told of the proxy and of the CA as a bottle's agent is: by environment. */

const HOST = "api.example.com";
need("curl", "openssl", "python3");

let upstream: Upstream;
let plain: Upstream;
let clients: ClientWorld;

beforeAll(async () => {
  const answer = (_request: unknown, response: { end(text: string): void }): void =>
    response.end("hello from upstream");
  upstream = await startUpstream({ answer });
  plain = await startUpstream({ plain: true, answer });
  clients = await startClientWorld({
    egress: { routes: [{ host: HOST, methods: ["*"] }] },
    overrides: { [`${HOST}:443`]: upstream.port, [`${HOST}:80`]: plain.port },
  });
});

afterAll(async () => {
  await clients.close();
  upstream.close();
  plain.close();
});

const NODE_GET = "const a = await fetch(process.argv[1]); console.log(a.status, await a.text())";
/** as programs do that bring their own fetch and know its agent */
const UNDICI = join(import.meta.dirname, "../../../node_modules/undici/index.js");
const UNDICI_GET = `
import { EnvHttpProxyAgent, fetch } from ${JSON.stringify(UNDICI)};
const dispatcher = new EnvHttpProxyAgent({ proxyTunnel: process.argv[1].startsWith("https:") });
const answer = await fetch(process.argv[1], { dispatcher });
console.log(answer.status, await answer.text());
await dispatcher.close();`;
const PYTHON_GET =
  "import sys, urllib.request as u\nprint(u.urlopen(sys.argv[1], timeout=10).read().decode())";
const ofNode = (program: string, url: string) =>
  clients.run(process.execPath, "--input-type=module", "-e", program, url);

const programs: Readonly<Record<string, (url: string) => Promise<{ readonly output: string }>>> = {
  "node's fetch": (url) => ofNode(NODE_GET, url),
  "undici's fetch": (url) => ofNode(UNDICI_GET, url),
  curl: (url) => clients.run("curl", "-sS", "-i", url),
  "curl over HTTP/1.1": (url) => clients.run("curl", "-sS", "-i", "--http1.1", url),
  "python's urllib": (url) => clients.run("python3", "-c", PYTHON_GET, url),
};

describe.each(Object.entries(programs))("%s", (_program, get) => {
  it("reaches an allowed host over TLS with the bottle's CA, and over http", async () => {
    expect((await get(`https://${HOST}/x`)).output).toContain("hello from upstream");
    expect((await get(`http://${HOST}/x`)).output).toContain("hello from upstream");
  });

  it("does not reach another host", async () => {
    const { output } = await get("https://evil.example/");
    expect(output).not.toContain("hello");
    expect(clients.world.audit.at(-1)).toMatchObject({ code: "HostNotAllowed", host: "evil.example" });
  });
});

describe("openssl", () => {
  it("verifies the chain and sees one name, for a server only", async () => {
    const [proxy, ca] = [`127.0.0.1:${clients.world.port}`, join(clients.folder, "ca.pem")];
    const where = ["-proxy", proxy, "-connect", `${HOST}:443`, "-servername", HOST];
    const trust = ["-CAfile", ca, "-verify_return_error", "-verify_hostname", HOST];
    const { output } = await clients.run("openssl", "s_client", ...where, ...trust);
    expect(output).toContain("Verify return code: 0 (ok)");
    const leaf = join(clients.folder, "leaf.pem");
    writeFileSync(leaf, /-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/.exec(output)?.[0] ?? "");
    const text = (await clients.run("openssl", "x509", "-in", leaf, "-noout", "-text")).output;
    expect(text).toContain(`DNS:${HOST}`);
    expect(text).toContain("TLS Web Server Authentication");
    expect(text).toContain("CA:FALSE");
    const verify = ["verify", "-x509_strict", "-CAfile", ca, "-purpose", "sslserver", leaf];
    expect((await clients.run("openssl", ...verify)).output).toContain("OK");
  });
});

describe("a client that does not trust the bottle's CA", () => {
  it("is recorded as such", async () => {
    const roots = ["--cacert", "/etc/ssl/certs/ca-certificates.crt"];
    const { output } = await clients.run("curl", "-sS", ...roots, `https://${HOST}/`);
    expect(output).not.toContain("hello");
    await expect.poll(() => clients.world.audit.at(-1)?.code).toBe("ClientDistrustsCa");
  });
});
