import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpsServer } from "node:https";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCertificateAuthority } from "../../sidecars/egress/certificates/authority.ts";
import { aBb, type Bb, type Ran } from "./cli-kit.ts";

const MAIN = fileURLToPath(new URL("../../controller/main.ts", import.meta.url));

let bb: Bb;
beforeEach(() => {
  bb = aBb();
});
afterEach(() => bb.end());

const bottle = (more: string, name = "b"): string => `apiVersion: bot-bottle.dev/v1alpha1
kind: Bottle
metadata: { name: ${name} }
spec:
${more}`;

/** What a person must find in every failure. */
function expectClear(ran: Ran, code: number, message: RegExp): void {
  expect(ran.stderr).toMatch(message);
  expect(ran.code).toBe(code);
  expect(ran.stderr).toMatch(/^error: /m);
  expect(ran.stdout + ran.stderr).not.toMatch(/^\s+at .*:\d+:\d+/m);
}

async function listening(port: number, onConnection?: () => void): Promise<Server> {
  const server = createServer(onConnection);
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

const processOf = async (): Promise<number> =>
  (JSON.parse((await bb(["status", "-o", "json"])).stdout) as { process: number }).process;

describe("the control plane", () => {
  it("keeps port, token and CA over restarts, and the bottles", async () => {
    await bb(["up"]);
    await bb(["apply", "-f", "-"], { input: bottle("  provider: { name: none, image: x }") });
    const before = readFileSync(join(bb.stateDir, "kubeconfig"), "utf8");
    expect((await bb(["down"])).stderr).toContain("has ended");
    expect(await bb(["status"])).toMatchObject({ code: 1 });
    expect((await bb(["get", "bottles", "-o", "name"])).stdout).toContain("bottle.bot-bottle.dev/b");
    expect(readFileSync(join(bb.stateDir, "kubeconfig"), "utf8")).toBe(before);
  });

  it.each(["SIGINT", "SIGTERM"] as const)("ends in the foreground when bb gets %s", async (signal) => {
    const ran = await bb(["up", "--foreground"], {
      interruptAt: "control plane answers",
      interruptBy: signal,
    });
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stderr).toContain("ending; bottles go on");
    expect(await bb(["status"])).toMatchObject({ code: 1 });
  });

  it("comes back after kill -9, by the next command", async () => {
    await bb(["apply", "-f", "-"], { input: bottle("  provider: { name: none, image: x }") });
    const pid = await processOf();
    process.kill(pid, "SIGKILL");
    const ran = await bb(["wait", "bottle/b", "--timeout", "30s"]);
    expect(ran).toMatchObject({ code: 0 });
    expect(await processOf()).not.toBe(pid);
  });

  it("is started once by commands that come together", async () => {
    const all = await Promise.all([1, 2, 3].map(() => bb(["get", "bottles"])));
    expect(all.map(({ code, stderr }) => [code, code === 0 ? "" : stderr])).toEqual([
      [0, ""],
      [0, ""],
      [0, ""],
    ]);
  });

  it("refuses a second controller on its state folder and says who has it", async () => {
    await bb(["up"]);
    const second = spawn(process.execPath, [MAIN], { env: { ...process.env, ...bb.environment } });
    let said = "";
    second.stderr.on("data", (text: Buffer) => (said += text.toString()));
    const [code] = (await once(second, "exit")) as [number];
    expect(code).toBe(1);
    expect(said).toMatch(
      /another controller \(process \d+\) works on the state folder .*; end it with `bb down`/,
    );
    expect(said).not.toMatch(/^\s+at /m);
    expect(await bb(["get", "bottles"])).toMatchObject({ code: 0 });
  });

  it("is ended by bb down also when nobody knows any more where it answers", async () => {
    await bb(["up"]);
    rmSync(join(bb.stateDir, "control-plane.json"));
    expectClear(await bb(["get", "bottles"]), 1, /another controller .*end it with `bb down`/);
    expect((await bb(["down"])).stderr).toContain("has ended");
    expect(await bb(["get", "bottles"])).toMatchObject({ code: 0 });
  }, 60_000);

  it("is not taken for the one of another folder that has its old process number", async () => {
    const other = aBb();
    await Promise.all([bb(["up"]), other(["up"])]);
    const [own, others] = [await processOf(), join(other.stateDir, "control-plane.json")];
    await other(["down"]);
    const connection = { url: "https://127.0.0.1:1", token: "t", caPem: "", pid: own };
    writeFileSync(others, JSON.stringify(connection), { mode: 0o600 });
    expect((await other(["down"])).stderr).toContain("no control plane was running");
    expect(await processOf()).toBe(own);
    await other.end();
  });

  it("says that its port is in use, by a flag and by last time's port", async () => {
    const other = await listening(0);
    const { port } = other.address() as { port: number };
    expectClear(
      await bb(["up", "--port", String(port)]),
      1,
      new RegExp(`port ${port} .* is in use[\\s\\S]*--port`),
    );
    other.close();
    await once(other, "close");
    expect(await bb(["up", "--port", String(port)])).toMatchObject({ code: 0 });
    await bb(["down"]);
    const squatter = await listening(port);
    expectClear(await bb(["up"]), 1, new RegExp(`port ${port} .* is in use`));
    expectClear(await bb(["get", "bottles"]), 1, new RegExp(`port ${port} .* is in use`));
    squatter.close();
  });

  it("is not mistaken for somebody else on its port, who never gets the token", async () => {
    await bb(["up"]);
    const pid = await processOf();
    const connection = JSON.parse(readFileSync(join(bb.stateDir, "control-plane.json"), "utf8")) as {
      url: string;
    };
    process.kill(pid, "SIGKILL");
    await pause(200);
    const heard: string[] = [];
    const own = createCertificateAuthority({ commonName: "localhost", now: new Date(), days: 1 });
    const squatter = createHttpsServer(
      { cert: own.certificatePem, key: own.privateKeyPem },
      (request, response) => {
        heard.push(JSON.stringify(request.headers));
        response.end("{}");
      },
    );
    let connections = 0;
    squatter.on("connection", () => connections++);
    squatter.listen(Number(new URL(connection.url).port), "127.0.0.1");
    await once(squatter, "listening");
    const ran = await bb(["get", "bottles"]);
    squatter.close();
    expectClear(ran, 1, /something else than this control plane answers/);
    expect(connections).toBeGreaterThan(0);
    expect(heard).toEqual([]);
  });

  it("does not hang on a port that accepts and says nothing", async () => {
    await bb(["up"]);
    const { url } = JSON.parse(readFileSync(join(bb.stateDir, "control-plane.json"), "utf8")) as {
      url: string;
    };
    process.kill(await processOf(), "SIGKILL");
    await pause(200);
    const silent = await listening(Number(new URL(url).port));
    expectClear(await bb(["get", "bottles"]), 1, /says nothing for 5 s/);
    silent.close();
  });

  it("refuses a corrupt database, and leaves it as it is", async () => {
    mkdirSync(bb.stateDir, { recursive: true, mode: 0o700 });
    const database = join(bb.stateDir, "store.db");
    writeFileSync(database, "this is no database, but it is somebody's file ".repeat(200), { mode: 0o600 });
    const before = readFileSync(database, "utf8");
    expectClear(await bb(["up"]), 1, /store\.db/);
    expect(readFileSync(database, "utf8")).toBe(before);
  });

  it("does not make itself a stranger to its bottles when the mark of its folder is gone", async () => {
    await bb(["apply", "-f", "-"], { input: bottle("  provider: { name: none, image: x }") });
    await bb(["down"]);
    const mark = join(bb.stateDir, "instance");
    const before = readFileSync(mark, "utf8");
    rmSync(mark);
    expectClear(await bb(["up"]), 1, /instance is gone.*label bot-bottle\.dev\/instance/);
    writeFileSync(mark, before, { mode: 0o600 });
    expect(await bb(["up"])).toMatchObject({ code: 0 });
  });

  it("says that a damaged lock may be removed", async () => {
    await bb(["up"]);
    await bb(["down"]);
    const lock = join(bb.stateDir, "lock.db");
    writeFileSync(lock, "this is no database ".repeat(100));
    expectClear(await bb(["up"]), 1, /lock\.db is damaged: remove it/);
    rmSync(lock);
    expect(await bb(["up"])).toMatchObject({ code: 0 });
  });

  it("refuses a state folder that others may enter", async () => {
    mkdirSync(bb.stateDir, { recursive: true });
    chmodSync(bb.stateDir, 0o755);
    expectClear(await bb(["up"]), 1, /0755[\s\S]*chmod 700/);
  });

  it("refuses a state folder that is a file", async () => {
    const file = join(bb.stateDir, "..", "file");
    writeFileSync(file, "");
    expectClear(await bb(["up"], { environment: { BB_STATE_DIR: file } }), 1, /not a folder|ENOTDIR|exists/i);
  });
});

describe("a bottle that cannot be", () => {
  it.each([
    [
      "a secret that is missing",
      "  provider: { name: claude, credentialRef: { name: nobody, key: token } }",
      /SecretMissing: .*nobody/,
    ],
    ["a class that is missing", "  classRef: { name: nobody }", /ClassNotFound: .*nobody/],
    ["a provider that is unknown", "  provider: { name: gpt }", /ProviderUnknown: .*gpt/],
    ["no image", "  provider: { name: none }", /ImageMissing/],
  ])("says so for %s, and waiting for it is not in vain for long", async (_what, spec, message) => {
    await bb(["apply", "-f", "-"], { input: bottle(spec) });
    // a secret may still come, so that one is waited for to the end
    expectClear(await bb(["wait", "bottle/b", "--timeout", "5s"]), 1, message);
    expect((await bb(["describe", "bottle", "b"])).stdout).toMatch(/^Ready +(False|Unknown)/m);
  });

  it("says so for a secret that is not bound to the host, until its owner binds it", async () => {
    const spec = "  provider: { name: claude, credentialRef: { name: claude, key: token } }";
    await bb(["secret", "set", "claude", "--key", "token", "--host", "example.com"], { input: "value" });
    await bb(["apply", "-f", "-"], { input: bottle(spec) });
    const ran = await bb(["wait", "bottle/b", "--timeout", "20s"]);
    expectClear(ran, 1, /SecretNotBoundToHost: .*api\.anthropic\.com/);
    await bb(["secret", "set", "claude", "--key", "token", "--host", "api.anthropic.com"], {
      input: "value",
    });
    expect(await bb(["wait", "bottle/b", "--timeout", "20s"])).toMatchObject({ code: 0 });
  });

  it.each([
    ["a bad host", "  egress: { routes: [{ host: 'http://x/' }] }", /host/],
    ["an unknown method", "  egress: { routes: [{ host: example.com, methods: [get] }] }", /methods/],
    [
      "injection over http",
      "  egress: { routes: [{ host: a.example, ports: [80], auth: { secretRef: { name: s, key: k } } }] }",
      /80|http/,
    ],
  ])("is refused at once with %s", async (_what, spec, message) => {
    expectClear(await bb(["apply", "-f", "-"], { input: bottle(spec) }), 1, message);
    expect(await bb(["get", "bottle", "b"])).toMatchObject({ code: 1 });
  });
});

describe("Ctrl-C", () => {
  it("ends a wait with 130 and leaves the bottle as it is", async () => {
    await bb(["apply", "-f", "-"], { input: bottle("  provider: { name: none, image: x }") });
    const ran = await bb(["wait", "bottle/b", "--for", "condition=Suspended"], {
      interruptAt: "to be Suspended",
    });
    expect(ran).toMatchObject({ code: 130, stdout: "" });
    expect(ran.stderr).toMatch(/interrupted\n$/);
    expect((await bb(["get", "bottles"])).stdout).toMatch(/^b +True/m);
  });

  it("during a start leaves no half-started control plane", async () => {
    const ran = await bb(["up"], { interruptAt: "starting" });
    expect([0, 130]).toContain(ran.code);
    await pause(1500);
    const { code } = await bb(["status"]);
    expect(code).toBe(ran.code === 0 ? 0 : 1);
    expect(await bb(["get", "bottles"])).toMatchObject({ code: 0 });
  });
});
