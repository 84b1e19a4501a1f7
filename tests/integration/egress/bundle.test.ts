import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import net, { type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCertificateAuthority } from "../../../sidecars/egress/certificates/authority.ts";
import type { AuditRecord } from "../../../sidecars/wire/audit.ts";
import { compileEgress } from "../../../sidecars/wire/compile-egress.ts";
import { type ControlAnswer, MAX_LINE_BYTES, PROBE_PATH } from "../../../sidecars/wire/control.ts";
import { readAnswer } from "./client.ts";

const MAIN = resolve(import.meta.dirname, "../../../sidecars/bundle/main.ts");
/** as the image's entry point has it */
const MOVE = "exec 3>&1 1>&2 4<&0 0</dev/null;";
const authority = createCertificateAuthority({ commonName: "bundle", now: new Date(), days: 1 });
const SECRET = "value-that-must-not-be-told";

let folder: string;
let child: ChildProcessByStdio<Writable, Readable, Readable>;
let answers: ControlAnswer[];
let stderr: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bb-bundle-"));
});

afterEach(async () => {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
});

function start(move = MOVE): void {
  answers = [];
  stderr = "";
  child = spawn("/bin/sh", ["-c", `${move} exec ${process.execPath} ${MAIN} ${folder}`], {
    stdio: ["pipe", "pipe", "pipe", "ignore", "ignore", "pipe"],
  }) as ChildProcessByStdio<Writable, Readable, Readable>;
  child.stdin.on("error", () => undefined);
  let rest = "";
  child.stdout.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    answers.push(...lines.map((line) => JSON.parse(line) as ControlAnswer));
  });
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
}

async function started(): Promise<void> {
  start();
  await expect.poll(() => stderr, { timeout: 15_000 }).toContain('"code":"Started"');
}

const send = (message: unknown): void => void child.stdin.write(`${JSON.stringify(message)}\n`);

async function ask(message: object, id: number): Promise<ControlAnswer> {
  send({ session: "one", id, ...message });
  await expect.poll(() => answers.find((answer) => answer.id === id)).toBeDefined();
  return answers.find((answer) => answer.id === id)!;
}

const configuration = (extra: object = {}): object => ({
  policyHash: "hash-1",
  egress: compileEgress({ routes: [{ host: "api.example.com", methods: ["*"] }] }),
  git: { remotes: [] },
  secrets: [{ name: "a", key: "b", version: "v1", value: SECRET, destinations: ["api.example.com"] }],
  certificateAuthority: { certificatePem: authority.certificatePem, privateKeyPem: authority.privateKeyPem },
  ...extra,
});

async function through(
  socketName: string,
  bytes: string,
): Promise<{ status: number; denied: string | undefined }> {
  const socket: Socket = net.connect(join(folder, socketName));
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write(bytes);
  const answer = await readAnswer(socket);
  socket.destroy();
  return answer;
}

const CONNECT = (host: string): string => `CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n\r\n`;

describe("process 1 of the sidecars", () => {
  it("denies everything until it is configured, then what the policy denies, and everything after a wipe", async () => {
    await started();
    expect(await ask({ kind: "report" }, 1)).toEqual({
      kind: "report",
      session: "one",
      id: 1,
      sequence: 1,
      report: { policyHash: null, secretVersions: {}, probeNonces: [], remotes: [], asks: [], spent: [] },
    });
    expect((await through("egress.sock", CONNECT("api.example.com"))).denied).toBe("NotConfigured");

    const configured = await ask({ kind: "configure", configuration: configuration() }, 2);
    expect(configured).toMatchObject({
      kind: "report",
      sequence: 2,
      report: { policyHash: "hash-1", secretVersions: { "a/b": "v1" } },
    });
    expect((await through("egress.sock", CONNECT("evil.example"))).denied).toBe("HostNotAllowed");

    expect(await ask({ kind: "wipe" }, 3)).toMatchObject({
      report: { policyHash: null, secretVersions: {} },
    });
    expect((await through("egress.sock", CONNECT("api.example.com"))).denied).toBe("NotConfigured");
  });

  it("reports the nonces that came through the socket, one among hundreds too, and no more than a bound", async () => {
    await started();
    const nonces = Array.from({ length: 1_100 }, (_, n) => n.toString(16).padStart(32, "0"));
    const socket = net.connect(join(folder, "egress.sock"));
    let received = "";
    socket.on("data", (chunk: Buffer) => (received += chunk.toString()));
    for (const nonce of nonces)
      socket.write(`GET ${PROBE_PATH}?nonce=${nonce} HTTP/1.1\r\nHost: egress:9099\r\n\r\n`);
    await expect.poll(() => received.match(/HTTP\/1\.1 204/g)?.length).toBe(nonces.length);
    socket.destroy();
    expect(await ask({ kind: "report" }, 1)).toMatchObject({ report: { probeNonces: nonces.slice(-1_024) } });
  });

  it("passes over half a line, garbage, and lines that are too long, and answers the next", async () => {
    await started();
    child.stdin.write(`{"kind":"configure","session":"dead","id":7,"configuration":{"secret":"${SECRET}`);
    child.stdin.write("\nnot json\n[]\n{}\nnull\n");
    child.stdin.write(`${"x".repeat(MAX_LINE_BYTES + 1)}\n`);
    expect(await ask({ kind: "report" }, 1)).toMatchObject({ kind: "report" });
    expect(answers).toHaveLength(1);
    expect(stderr).not.toContain(SECRET);
  });

  it.each([
    ["has an unknown field", { unknown: 1 }],
    ["has a CA that is none", { certificateAuthority: { certificatePem: SECRET, privateKeyPem: SECRET } }],
    ["has a route that is not understood", { egress: { routes: [{ host: "x" }] } }],
    ["has rules that are no TOML", { egress: compileEgress({ gitleaksRules: `= ${SECRET}` }) }],
  ])(
    "refuses a configuration whole that %s, quotes none of it, and keeps the old one",
    async (_how, extra) => {
      await started();
      await ask({ kind: "configure", configuration: configuration() }, 1);
      const refused = await ask({ kind: "configure", configuration: configuration(extra) }, 2);
      expect(refused).toMatchObject({ kind: "refused", session: "one", id: 2 });
      expect(await ask({ kind: "report" }, 3)).toMatchObject({
        report: { policyHash: "hash-1", secretVersions: { "a/b": "v1" } },
      });
      expect((await through("egress.sock", CONNECT("evil.example"))).denied).toBe("HostNotAllowed");
      expect(JSON.stringify(answers) + stderr).not.toContain(SECRET);
    },
  );

  it("denies everything while the first configuration is refused", async () => {
    await started();
    await ask({ kind: "configure", configuration: configuration({ unknown: 1 }) }, 1);
    expect(await ask({ kind: "report" }, 2)).toMatchObject({ report: { policyHash: null } });
    expect((await through("egress.sock", CONNECT("api.example.com"))).denied).toBe("NotConfigured");
  });

  it("answers what waits for somebody's answer", async () => {
    await started();
    const egress = compileEgress({ unlisted: "ask" });
    await ask({ kind: "configure", configuration: configuration({ egress }) }, 1);
    const denied = through("egress.sock", "GET http://new.example/a HTTP/1.1\r\nHost: new.example\r\n\r\n");
    let asks: unknown[] = [];
    for (let id = 2; asks.length === 0; id += 1) {
      const answer = await ask({ kind: "report" }, id);
      asks = answer.kind === "report" ? [...answer.report.asks] : [];
    }
    const question = { method: "GET", host: "new.example", port: 80, path: "/a", waiting: 1 };
    expect(asks).toEqual([expect.objectContaining(question)]);
    const [{ id }] = asks as [{ id: string }];
    const answered = await ask({ kind: "answer", ask: id, verdict: "deny" }, 10_000);
    expect(answered).toMatchObject({ kind: "report", report: { asks: [] } });
    expect((await denied).denied).toBe("AskDenied");
    const again = await ask({ kind: "answer", ask: id, verdict: "allow" }, 10_001);
    expect(again).toMatchObject({ kind: "refused", message: expect.stringContaining("no such question") });
  });

  it("reports what was spent, and takes over what was spent before it ran", async () => {
    await started();
    const egress = compileEgress({ unlisted: "deny", budget: { requestBytes: 1_000 } });
    const spent = [{ route: "", recentRequests: 0, requestBytes: 400, modelTokens: 0, isExceeded: false }];
    const answer = await ask({ kind: "configure", configuration: configuration({ egress, spent }) }, 1);
    expect(answer).toMatchObject({ report: { spent } });
    expect(await ask({ kind: "wipe" }, 2)).toMatchObject({ report: { spent: [] } });
  });

  it("lets nothing through while what it does cannot be recorded for good", async () => {
    await started();
    const unrecorded = "the disk is full";
    await ask({ kind: "configure", configuration: configuration({ policyHash: "2", unrecorded }) }, 1);
    expect((await through("egress.sock", CONNECT("api.example.com"))).denied).toBe("AuditUnavailable");
    await ask({ kind: "configure", configuration: configuration() }, 2);
    expect((await through("egress.sock", CONNECT("evil.example"))).denied).toBe("HostNotAllowed");
  });

  it("holds the ports of git-gate and supervise with a clear answer", async () => {
    await started();
    const request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    expect((await through("git-gate.sock", request)).status).toBe(503);
    expect((await through("supervise.sock", request)).status).toBe(501);
  });

  it("has sockets for its own uid alone, takes the place of stale ones, and ends on SIGTERM", async () => {
    writeFileSync(join(folder, "egress.sock"), "left behind");
    await started();
    for (const name of ["egress.sock", "git-gate.sock", "supervise.sock"]) {
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    }
    child.kill("SIGTERM");
    const [code] = (await once(child, "exit")) as [number];
    expect(code).toBe(0);
    expect(existsSync(join(folder, "egress.sock"))).toBe(false);
  });

  it("records what it cuts off when it is told to end", async () => {
    const silent = net.createServer((socket) => socket.on("error", () => undefined)).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as net.AddressInfo;
    const routes = [{ host: "127.0.0.1", ports: [port], methods: ["*"], allowPrivate: ["127.0.0.1/32"] }];
    await started();
    await ask({ kind: "configure", configuration: configuration({ egress: compileEgress({ routes }) }) }, 1);
    const head = (method: string) =>
      `${method} http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n`;
    const agent = net.connect(join(folder, "egress.sock")).on("error", () => undefined);
    agent.write(`${head("GET")}\r\n${head("POST")}Content-Length: 9\r\n\r\n`);
    await once(silent, "connection");
    silent.close();
    child.kill("SIGTERM");
    await once(child, "close");
    expect(stderr.match(/"code":"(?:PolicyChanged|ClientGone)"/g)).toHaveLength(2);
  });

  it("writes numbered audit lines to stderr and nothing else", async () => {
    await started();
    await ask({ kind: "configure", configuration: configuration() }, 1);
    await through("egress.sock", CONNECT("evil.example"));
    await expect.poll(() => stderr).toContain("HostNotAllowed");
    const records = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as AuditRecord);
    expect(records.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    expect(new Set(records.map(({ run }) => run)).size).toBe(1);
    expect(stderr).not.toContain(SECRET);
  });

  it("goes on when nobody reads its answers, and holds no more of them than it must", async () => {
    await started();
    const session = "x".repeat(128);
    const asked = 40_000;
    child.stdout.pause();
    for (let id = 1; id <= asked; id += 1) send({ kind: "report", session, id });
    send({ kind: "configure", session, id: 0, configuration: configuration() });
    await expect
      .poll(async () => (await through("egress.sock", CONNECT("evil.example"))).denied)
      .toBe("HostNotAllowed");

    child.stdout.resume();
    // a question is passed over until there is room for its answer again
    let id = asked;
    await expect
      .poll(() => {
        send({ kind: "report", session, id: (id += 1) });
        return answers.at(-1)?.id;
      })
      .toBeGreaterThan(asked);
    expect(answers.length).toBeLessThan(asked);
  });

  it("goes on when the controller goes away", async () => {
    await started();
    await ask({ kind: "configure", configuration: configuration() }, 1);
    child.stdin.end();
    child.stdout.destroy();
    expect((await through("egress.sock", CONNECT("evil.example"))).denied).toBe("HostNotAllowed");
    expect(child.exitCode).toBeNull();
  });

  it.each([
    ["leaves the channel on stdin and stdout", "", "stdin may be the control channel"],
    ["lets stdout speak on the channel", "exec 3>&1 4<&0 0</dev/null;", "stdout may be the control channel"],
    ["lets stdin read the channel", "exec 3>&1 1>&2 4<&0;", "stdin may be the control channel"],
    ["does not listen for git-gate", `${MOVE} exec 5</dev/null;`, "git-gate could not be started"],
  ])("refuses an entry point that %s", async (_how, move, message) => {
    start(move);
    const [code] = (await once(child, "exit")) as [number];
    expect(code).toBe(70);
    expect(stderr).toContain(message);
    expect(existsSync(join(folder, "egress.sock"))).toBe(false);
  });
});
