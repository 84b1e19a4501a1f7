import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createServerCertificate } from "../../../sidecars/egress/certificates/server-certificate.ts";
import { buildGoClients, whyNoGoClients } from "./clients/go-clients.ts";
import { type ClientWorld, startClientWorld } from "./clients-kit.ts";
import { startUpstream, upstreamAuthority, type Upstream } from "./kit.ts";

const HOST = "api.example.com";
const GRPC_HOST = "grpc.example.com";
/** its bodies are held whole before any of them is sent */
const SCANNED_GRPC_HOST = "scanned-grpc.example.com";
const why = whyNoGoClients();
if (why !== undefined) console.log(`SKIPPED clients in Go: ${why}`);

let folder: string;
let program: string;
let upstream: Upstream;
let plain: Upstream;
let server: ChildProcess;
let clients: ClientWorld;

beforeAll(async () => {
  if (why !== undefined) return;
  folder = mkdtempSync(join(tmpdir(), "bb-go-"));
  program = buildGoClients(folder);
  const answer = (_request: unknown, response: { end(text: string): void }): void =>
    response.end("hello from upstream");
  upstream = await startUpstream({ answer });
  plain = await startUpstream({ plain: true, answer });
  const grpcPort = await startGrpcServer();
  clients = await startClientWorld({
    egress: {
      routes: [
        { host: HOST },
        { host: GRPC_HOST, methods: ["POST"], scan: "inject-only" },
        { host: SCANNED_GRPC_HOST, methods: ["POST"] },
      ],
    },
    overrides: {
      [`${HOST}:443`]: upstream.port,
      [`${HOST}:80`]: plain.port,
      [`${GRPC_HOST}:443`]: grpcPort,
      [`${SCANNED_GRPC_HOST}:443`]: grpcPort,
    },
  });
});

afterAll(async () => {
  if (why !== undefined) return;
  await clients.close();
  upstream.close();
  plain.close();
  server.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

async function startGrpcServer(): Promise<number> {
  const { certificatePem, privateKeyPem } = createServerCertificate(upstreamAuthority, [
    GRPC_HOST,
    SCANNED_GRPC_HOST,
  ]);
  const files = [join(folder, "grpc.pem"), join(folder, "grpc.key")] as const;
  writeFileSync(files[0], certificatePem);
  writeFileSync(files[1], privateKeyPem, { mode: 0o600 });
  const started = spawn(program, ["grpc-server", ...files], { stdio: ["ignore", "pipe", "inherit"] });
  server = started;
  const [port] = (await once(createInterface({ input: started.stdout }), "line")) as [string];
  return Number(port);
}

describe.runIf(why === undefined)("net/http", () => {
  it.each(["https", "http"])("reads over %s", async (scheme) => {
    const { output } = await clients.run(program, "get", `${scheme}://${HOST}/x`);
    expect(output).toContain("200 hello from upstream");
  });

  it("does not reach another host", async () => {
    const { code, output } = await clients.run(program, "get", "https://evil.example/");
    expect(code).toBe(1);
    expect(output).toContain("Forbidden");
  });
});

describe.runIf(why === undefined)("gRPC", () => {
  it.each([
    ["with streams both ways at once where bodies stream", "grpc", GRPC_HOST, 14],
    ["whose request ends before its answer where bodies are scanned", "grpc-in-turn", SCANNED_GRPC_HOST, 9],
  ])("passes its own interoperability tests %s", async (_which, tests, host, count) => {
    const { code, output } = await clients.run(program, tests, `${host}:443`);
    expect([code, code === 0 ? "" : output]).toEqual([0, ""]);
    expect(output.match(/^held: /gm)).toHaveLength(count);
  });
});
