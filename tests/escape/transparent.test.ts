import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EgressRoute } from "../../crds/egress-route.ts";
import { desiredEnvironment } from "../../reconcilers/bottle/desired-environment.ts";
import { desiredFiles } from "../../reconcilers/bottle/desired-files.ts";
import { providerNamed } from "../../reconcilers/providers/index.ts";
import { createCertificateAuthority } from "../../sidecars/egress/certificates/authority.ts";
import { compileEgress } from "../../sidecars/wire/compile-egress.ts";
import type { SidecarsConfiguration } from "../../sidecars/wire/control.ts";
import { docker } from "../contract/docker-machine.ts";
import { startUpstream, upstreamAuthority, type Upstream } from "../integration/egress/kit.ts";
import { clientArgv, EscapeLab } from "./escape-bottle.ts";
import type { EscapeBottle } from "./escape-bottle.ts";
import { javaHomes, runJava } from "./java.ts";

/**
 * Programs that know no proxy, in an agent whose environment names none: they ask for a name, connect to what they are
 * told, and end at the proxy, which decides on them as on any other client.
 */

const lab = new EscapeLab();
const TOKEN = "opaque-7d1c93aa0be64f25";
const HELLO = "hello from upstream";
let bottle: EscapeBottle;
let secure: Upstream;
let plain: Upstream;

/** what makes programs trust the bottle's CA, without what leads them to the proxy */
const environment = Object.fromEntries(
  Object.entries(
    desiredEnvironment({ fields: {}, spec: {}, provider: providerNamed("none")!, prompt: "" }, "uid-1"),
  ).filter(([name]) => !/proxy/i.test(name)),
);
const ca = await createCertificateAuthority({ commonName: "transparent", now: new Date(), days: 1 });
const certificateAuthority = { certificatePem: ca.certificatePem, privateKeyPem: ca.privateKeyPem };
const files = desiredFiles(ca.certificatePem, "");

beforeAll(async () => {
  await lab.begin();
  secure = await startUpstream({ address: "0.0.0.0" });
  plain = await startUpstream({ address: "0.0.0.0", plain: true });
  bottle = await lab.startBottle({ certificateAuthority }, { environment, files });
  const { IPAM } = await docker.getNetwork(lab.uplink).inspect();
  const address = IPAM?.Config?.[0]?.["Gateway"] ?? "";
  const route = (host: string, { port }: Upstream, ports: number[]): EgressRoute => ({
    ...{ host, ports, paths: ["/open/"], allowPrivate: [`${address}/32`] },
    upstream: { address, port, ...(ports[0] === 443 ? { caBundle: upstreamAuthority.certificatePem } : {}) },
  });
  await configure(
    route("secure.example", secure, [443]),
    route("*.wild.example", secure, [443]),
    route("plain.example", plain, [80]),
  );
}, 900_000);
afterAll(async () => {
  secure.close();
  plain.close();
  await lab.end();
});

beforeEach(() => void seen());

async function configure(...routes: EgressRoute[]): Promise<void> {
  const secrets: SidecarsConfiguration["secrets"] = [
    { name: "token", key: "value", version: "1", value: TOKEN, destinations: [] },
  ];
  await bottle.configure({ egress: compileEgress({ routes }), secrets, certificateAuthority });
}

const curl = async (...argv: readonly string[]): Promise<{ exitCode: number; output: string }> =>
  bottle.output("agent", ["curl", "-sS", "--max-time", "10", ...argv]);

/** what an upstream got to see, since it was last asked for */
const seen = (): string[] =>
  [secure, plain].flatMap((upstream) => upstream.seen.splice(0)).map(({ url }) => url);

describe("a program that knows no proxy", () => {
  const urls = [
    "https://secure.example/open/a",
    "https://any.wild.example/open/b",
    "http://plain.example/open/c",
  ];
  const denied = [
    "https://secure.example/closed",
    "https://other.example/open/",
    "http://other.example/open/",
  ];
  const arrived = ["/open/a", "/open/b", "/open/c"];

  it("has no proxy in its environment", async () => {
    const { output } = await bottle.output("agent", ["env"]);
    expect(output).not.toMatch(/proxy/i);
    expect(output).toMatch(/^SSL_CERT_FILE=/m);
  });

  it("reaches what is allowed, and nothing else: curl", async () => {
    for (const url of urls) expect((await curl(url)).output).toBe(HELLO);
    expect(seen()).toEqual(arrived);
    expect((await curl(denied[0] ?? "")).output).toContain("PathNotAllowed");
    for (const url of denied.slice(1)) expect((await curl(url)).output).toMatch(/Could not resolve host/);
    expect(seen()).toEqual([]);
  });

  it("reaches what is allowed, and nothing else: Python's urllib", async () => {
    expect(await bottle.run("agent", clientArgv("fetch.py", ...urls))).toEqual(urls.map(() => HELLO));
    expect(seen()).toEqual(arrived);
    const outcomes = (await bottle.run("agent", clientArgv("fetch.py", ...denied))) as string[];
    expect(outcomes).toEqual([
      expect.stringMatching(/403/),
      ...denied.slice(1).map(() => expect.stringMatching(/Name or service not known/) as string),
    ]);
    expect(seen()).toEqual([]);
  });

  it("reaches what is allowed, and nothing else: Node's fetch", async () => {
    const script = `const outcomes = process.argv.slice(1).map((url) =>
      fetch(url).then((answer) => answer.text(), (error) => error.cause.code));
      Promise.all(outcomes).then((all) => console.log(JSON.stringify(all)));`;
    const run = (all: readonly string[]) => bottle.run("agent", ["node", "-e", script, ...all]);
    expect(await run(urls)).toEqual(urls.map(() => HELLO));
    expect(seen().toSorted()).toEqual(arrived);
    const outcomes = (await run(denied)) as string[];
    expect(outcomes).toEqual([expect.stringContaining("PathNotAllowed"), "ENOTFOUND", "ENOTFOUND"]);
    expect(seen()).toEqual([]);
  });

  const homes = javaHomes();
  if (homes.length === 0) console.log("SKIPPED Java without a proxy: no JDK in /usr/lib/jvm");
  it.each(homes)("reaches what is allowed, and nothing else: both clients of %s", async (home) => {
    const material = { home, files, environment };
    const outcomes = await runJava(bottle, material, "Fetch.java", [...urls, ...denied]);
    expect(outcomes).toEqual([
      ...urls.flatMap(() => [HELLO, HELLO]),
      ...[expect.stringContaining("PathNotAllowed"), expect.stringMatching(/^IOException.* 403 /)],
      ...denied
        .slice(1)
        .flatMap(() => [
          expect.stringMatching(/^ConnectException/) as string,
          expect.stringMatching(/^UnknownHostException/) as string,
        ]),
    ]);
    expect(seen()).toEqual(arrived.flatMap((path) => [path, path]));
  });
});

describe("a program that goes past the names", () => {
  const TRANSPARENT = "127.9.9.9";
  const CA = ["--cacert", "/etc/bot-bottle/ca.pem"];
  const at = (host: string, port = 443): string[] => ["--resolve", `${host}:${port}:${TRANSPARENT}`];
  const lastRecord = async () =>
    (await bottle.audit()).filter(({ verdict, method }) => verdict === "deny" && method !== "DNS").at(-1);

  it.each([
    ["a name that no route has", "evil.example", "HostNotAllowed"],
    ["a name that a route has for another port", "plain.example", "PortNotAllowed"],
    ["a name that holds a secret", `${TOKEN}.wild.example`, "SecretInHead"],
  ])("gets no TLS for %s", async (_what, host, code) => {
    const { exitCode } = await curl(...CA, ...at(host), `https://${host}/open/`);
    expect(exitCode).toBe(35);
    await expect.poll(lastRecord).toMatchObject({ code });
    expect(JSON.stringify(await bottle.audit())).not.toContain(TOKEN);
    expect(seen()).toEqual([]);
  });

  it("gets no TLS without a name", async () => {
    expect((await curl("-k", `https://${TRANSPARENT}/open/`)).exitCode).toBe(35);
    await expect.poll(lastRecord).toMatchObject({ code: "ServerNameMissing" });
  });

  it.each([
    [
      "in TLS another name than in Host",
      ["-H", "Host: any.wild.example", "https://secure.example/open/"],
      "AuthorityMismatch",
    ],
    [
      "a host that no route has",
      ["-H", "Host: evil.example", "http://plain.example/open/"],
      "HostNotAllowed",
    ],
    [
      "a host that a route has for another port",
      ["-H", "Host: secure.example", "http://plain.example/open/"],
      "PortNotAllowed",
    ],
    [
      "another port in Host",
      ["-H", "Host: plain.example:8080", "http://plain.example/open/"],
      "AuthorityMismatch",
    ],
    [
      "a host that holds a secret",
      ["-H", `Host: ${TOKEN}.wild.example`, "http://plain.example/open/"],
      "PortNotAllowed",
    ],
    ["an address", [`http://${TRANSPARENT}/open/`], "HostNotAllowed"],
    [
      "the way of the probe",
      ["http://plain.example/.bot-bottle/probe?nonce=0123456789abcdef0123456789abcdef"],
      "PathNotAllowed",
    ],
  ])("is denied with a reason when it says %s", async (_what, argv, code) => {
    expect((await curl("-D", "-", ...argv)).output).toMatch(
      new RegExp(`^x-bot-bottle-denied: ${code}\\r$`, "m"),
    );
    expect(seen()).toEqual([]);
  });

  it("opens no tunnel", async () => {
    const { output } = await curl("-v", "-x", `http://${TRANSPARENT}:80`, "https://secure.example/open/");
    expect(output).toMatch(/x-bot-bottle-denied: ConnectInTunnel/);
    expect(seen()).toEqual([]);
  });

  it("is looked at like any other: a secret in its request does not leave", async () => {
    const posted = await curl("-D", "-", "-d", TOKEN, "https://secure.example/open/");
    expect(posted.output).toMatch(/x-bot-bottle-denied: (SecretInBody|MethodNotAllowed)/);
    const asked = await curl("-D", "-", "-H", `X-Note: ${TOKEN}`, "https://secure.example/open/");
    expect(asked.output).toMatch(/x-bot-bottle-denied: SecretInHead/);
    expect(seen()).toEqual([]);
  });

  it("is cut off when its host is no longer allowed", async () => {
    await configure();
    expect((await curl(...CA, ...at("secure.example"), "https://secure.example/open/")).exitCode).toBe(35);
    expect((await curl("https://secure.example/open/")).output).toMatch(/Could not resolve host/);
    expect(seen()).toEqual([]);
  });
});
