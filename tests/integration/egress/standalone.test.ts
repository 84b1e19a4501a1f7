import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type StandaloneEgress,
  type StandaloneOptions,
  startStandaloneEgress,
} from "../../../sidecars/egress/standalone/index.ts";
import { connect, request } from "./client.ts";
import { startUpstream, upstreamAuthority, type Upstream, type World } from "./kit.ts";

const HOST = "api.example.com";
const SECRET = "the-value-in-the-file";
let folder: string;
let upstream: Upstream;
let running: StandaloneEgress | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bb-egress-"));
  upstream = await startUpstream();
  writeFileSync(join(folder, "upstream.pem"), upstreamAuthority.certificatePem);
});

afterEach(async () => {
  await running?.close();
  running = undefined;
  upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

const policyFile = (text: string, mode = 0o600): void => {
  writeFileSync(join(folder, "policy.yaml"), text);
  chmodSync(join(folder, "policy.yaml"), mode);
};

async function start(options: Partial<StandaloneOptions> = {}): Promise<World> {
  running = await startStandaloneEgress({
    policy: join(folder, "policy.yaml"),
    listen: "127.0.0.1:0",
    caOut: join(folder, "ca.pem"),
    resolve: [`${HOST}:443=127.0.0.1:${upstream.port}`],
    upstreamCa: join(folder, "upstream.pem"),
    audit: join(folder, "audit.ndjson"),
    ...options,
  });
  const port = Number(running.address.split(":").at(-1));
  return { port, ca: readFileSync(join(folder, "ca.pem"), "utf8") } as World;
}

const INJECTING = `
egress:
  routes:
    - host: ${HOST}
      auth: { secretRef: { name: cred, key: token } }
secrets: { cred: { token: ${SECRET} } }
`;

describe("the proxy alone", () => {
  it("enforces a file, injects its secrets at the hosts that its routes name, and writes CA and audit", async () => {
    policyFile(INJECTING);
    const world = await start();
    expect((await request(world, `https://${HOST}/x`)).body).toBe("hello from upstream");
    expect(upstream.seen[0]?.headers.authorization).toBe(`Bearer ${SECRET}`);
    expect((await connect(world, "evil.example:443")).answer.denied).toBe("HostNotAllowed");
    await expect.poll(() => readFileSync(join(folder, "audit.ndjson"), "utf8")).toContain("HostNotAllowed");
    const audit = readFileSync(join(folder, "audit.ndjson"), "utf8");
    expect(audit).toContain('"code":"Allowed"');
    expect(audit).not.toContain(SECRET);
  });

  it("reloads on demand, and keeps the old policy when the new one cannot be used", async () => {
    policyFile(INJECTING);
    const world = await start();
    policyFile("egress: { routes: [{ host: other.example.com }] }");
    expect(await running?.reload()).toEqual({ routes: 1 });
    expect((await connect(world, `${HOST}:443`)).answer.denied).toBe("HostNotAllowed");
    policyFile("egress: { routs: [] }");
    await expect(running?.reload()).rejects.toThrow('did you mean "routes"');
    expect((await connect(world, "other.example.com:443")).answer.status).toBe(200);
  });

  it("allows nothing with an empty file", async () => {
    policyFile("");
    const world = await start();
    expect((await connect(world, `${HOST}:443`)).answer.denied).toBe("HostNotAllowed");
  });

  it.each(
    [
      ["that others may read and that holds secrets", INJECTING, 0o644, "chmod 600"],
      ["with an unknown field", "egres: {}", 0o600, 'did you mean "egress"'],
      ["with a bad host", 'egress: { routes: [{ host: "https://x.example/" }] }', 0o600, "is a URL"],
      ["that is no YAML", `secrets: {a: {b: ${SECRET}`, 0o600, "is not YAML"],
      ["with a value of the wrong type", `secrets: { cred: ${SECRET} }`, 0o600, "secrets.cred must be"],
      ["with an alias", `secrets: { cred: &x { token: ${SECRET} }, again: *x }`, 0o600, "alias"],
      [
        "with a route whose secret is missing",
        `egress: { routes: [{ host: ${HOST}, auth: { secretRef: { name: nope, key: token } } }] }`,
        0o600,
        "nope",
      ],
    ].map(
      ([what, text, mode, message]) =>
        ({ what, text, mode, message }) as { what: string; text: string; mode: number; message: string },
    ),
  )("refuses a file $what, and quotes no secret", async ({ text, mode, message }) => {
    policyFile(text, mode);
    const error = await start().then(
      () => undefined,
      (thrown: unknown) => thrown as Error,
    );
    expect(error).toMatchObject({ name: "StandaloneError" });
    expect(error?.message).toContain(message);
    expect(error?.message).not.toContain(SECRET);
  });

  it.each([
    [{ listen: "9099" }, "--listen 9099"],
    [{ listen: "127.0.0.1:99999" }, "--listen"],
    [{ resolve: ["api.example.com=127.0.0.1:1"] }, "--resolve"],
    [{ resolve: ["api.example.com:443=localhost:1"] }, "--resolve"],
    [{ upstreamCa: "/nowhere.pem" }, "ENOENT"],
    [{ caOut: "/nowhere/ca.pem" }, "ENOENT"],
    [{ audit: "/nowhere/audit" }, "ENOENT"],
    [{ policy: "/nowhere.yaml" }, "ENOENT"],
  ])("says what is wrong with %j", async (options, message) => {
    policyFile("");
    await expect(start(options)).rejects.toThrow(message);
  });

  it("says that a port is in use", async () => {
    policyFile("");
    await expect(start({ listen: `127.0.0.1:${upstream.port}` })).rejects.toThrow("EADDRINUSE");
  });

  it("lets through nothing when the audit cannot be written any more", async () => {
    policyFile(INJECTING);
    const world = await start({ audit: "/dev/full" });
    await request(world, `https://${HOST}/first`);
    await expect
      .poll(async () => (await connect(world, `${HOST}:443`)).answer.denied)
      .toBe("AuditUnavailable");
  });
});
