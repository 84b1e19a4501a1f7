import { readdirSync, readFileSync, statSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect as tcpConnect } from "node:net";
import { join } from "node:path";
import { connect as tlsConnect } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { RuntimeUnavailableError } from "../../reconcilers/contract/errors.ts";
import { bottles } from "../../crds/resources.ts";
import { type ApiServerKit, type Asked, run, startApiServer } from "./api-server-kit.ts";

let kit: ApiServerKit;
beforeAll(async () => {
  kit = await startApiServer();
  const metadata = { name: "hello", namespace: "default" };
  kit.store.create(bottles, { apiVersion: "bot-bottle.dev/v1alpha1", kind: "Bottle", metadata, spec: {} });
});
afterAll(() => kit.close());

const LIST = "/apis/bot-bottle.dev/v1alpha1/bottles";
const EXEC = "/api/v1/namespaces/default/pods/hello/exec?command=true&stdout=true";

describe("who may use the API", () => {
  it.each<[string, Asked["headers"], number]>([
    ["no token", { authorization: undefined }, 401],
    ["an empty token", { authorization: "Bearer " }, 401],
    ["a wrong token", { authorization: "Bearer wrong" }, 401],
    ["a token that begins like the right one", { authorization: "TOKEN-PREFIX" }, 401],
    ["another scheme", { authorization: "Basic dXNlcjpwYXNz" }, 401],
    ["a foreign Host", { host: "attacker.example" }, 403],
    [
      "a foreign Host that resolves to loopback, with the port",
      { host: "localhost.attacker.example:PORT" },
      403,
    ],
    ["loopback with another port", { host: "127.0.0.1:1" }, 403],
    ["an Origin", { origin: "https://attacker.example" }, 403],
    ["an Origin of its own", { origin: "https://127.0.0.1:PORT" }, 403],
    ["the Origin null", { origin: "null" }, 403],
  ])("refuses %s on every path, with a Status", async (_, headers, code) => {
    const filled = Object.fromEntries(
      Object.entries(headers ?? {}).map(([name, value]) => [
        name,
        value
          ?.replace("PORT", String(kit.port))
          .replace("TOKEN-PREFIX", `Bearer ${kit.api.token.slice(0, -1)}`),
      ]),
    );
    for (const path of [LIST, "/version", "/healthz", "/apis", "/openapi/v3", "/nothing", EXEC]) {
      const reply = await kit.fetch(path, { headers: filled });
      expect(reply.code, path).toBe(code);
      expect(reply.json, path).toMatchObject({ kind: "Status", apiVersion: "v1", status: "Failure", code });
    }
  });

  it("tells a page that rebinds a name nothing of its token: Host and Origin come first", async () => {
    const wrong = { host: "attacker.example", authorization: "Bearer wrong" };
    const right = { host: "attacker.example" };
    const replies = [await kit.fetch(LIST, { headers: wrong }), await kit.fetch(LIST, { headers: right })];
    expect(replies[0]?.text).toBe(replies[1]?.text);
    expect(replies[0]?.code).toBe(403);
  });

  it("takes the token under each name of loopback", async () => {
    for (const host of ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"]) {
      expect((await kit.fetch(LIST, { headers: { host: `${host}:${kit.port}` } })).code).toBe(200);
    }
  });

  it.each<[string, Record<string, string>, number]>([
    ["no token", { authorization: "" }, 401],
    ["a wrong token", { authorization: "Bearer wrong" }, 401],
    ["a foreign Host", { host: "attacker.example" }, 403],
    ["an Origin", { origin: "https://attacker.example" }, 403],
  ])("refuses an upgrade with %s", async (_, headers, code) => {
    expect(await upgradeCode({ authorization: `Bearer ${kit.api.token}`, ...headers })).toBe(code);
  });

  it("lets the same upgrade pass with what is right", async () => {
    expect(await upgradeCode({ authorization: `Bearer ${kit.api.token}` })).toBe(101);
  });

  it("listens on loopback only", async () => {
    const { stdout } = await run(["ip", "-o", "-4", "addr"], undefined, { PATH: process.env["PATH"] });
    const others = [...stdout.matchAll(/inet ([\d.]+)/g)]
      .map(([, ip]) => ip)
      .filter((ip) => !ip?.startsWith("127."));
    for (const host of [...others, "127.0.0.2"]) expect(await connects(host ?? "", kit.port)).toBe(false);
    expect(await connects("127.0.0.1", kit.port)).toBe(true);
  });

  it("does not answer over plain http", async () => {
    const answer = await new Promise<string>((resolve) => {
      const headers = { authorization: `Bearer ${kit.api.token}` };
      const sent = httpRequest({ host: "127.0.0.1", port: kit.port, path: LIST, headers }, () =>
        resolve("answered"),
      );
      sent.on("error", () => resolve("refused"));
      sent.end();
    });
    expect(answer).toBe("refused");
  });

  it("refuses old versions of TLS", async () => {
    const version = await new Promise<string>((resolve) => {
      const socket = tlsConnect({
        host: "127.0.0.1",
        port: kit.port,
        ca: kit.api.caPem,
        maxVersion: "TLSv1.2",
      });
      socket.on("secureConnect", () => resolve("connected"));
      socket.on("error", () => resolve("refused"));
    });
    expect(version).toBe("refused");
  });

  it("writes neither token, key nor query of what it refused into its log", async () => {
    await kit.fetch(`${EXEC}&command=s3cr3t-argument`);
    await kit.fetch(`${LIST}?labelSelector=s3cr3t-selector`, {
      headers: { authorization: "Bearer s3cr3t-guess" },
    });
    expect(kit.logged.join("\n")).not.toMatch(/s3cr3t/);
    expect(kit.logged.join("\n")).not.toContain(kit.api.token);
    expect(kit.logged.length).toBeGreaterThan(0);
  });
});

describe("what the state folder holds", () => {
  it("gives every file to its owner alone", () => {
    const folder = join(kit.folder, "state");
    for (const name of ["tls/tls.json", "tls/token", "tls/port", "kubeconfig"]) {
      expect((statSync(join(folder, name)).mode & 0o777).toString(8), name).toBe("600");
    }
    expect((statSync(join(folder, "tls")).mode & 0o777).toString(8)).toBe("700");
    expect(readdirSync(join(folder, "tls")).toSorted()).toEqual(["port", "tls.json", "token"]);
  });

  it("never writes the CA's key", () => {
    const { privateKeyPem, ...rest } = JSON.parse(
      readFileSync(join(kit.folder, "state/tls/tls.json"), "utf8"),
    );
    expect(Object.keys(rest).toSorted()).toEqual(["caPem", "certificatePem"]);
    expect(String(privateKeyPem).match(/BEGIN PRIVATE KEY/g)).toHaveLength(1);
  });

  it("writes a kubeconfig that pins the CA", () => {
    const text = readFileSync(join(kit.folder, "state/kubeconfig"), "utf8");
    expect(text).toContain(`server: ${kit.url}`);
    expect(text).toContain("certificate-authority-data:");
    expect(text).not.toContain("insecure");
  });
});

describe("what the API refuses to read", () => {
  const POST = "/apis/bot-bottle.dev/v1alpha1/namespaces/default/bottles";

  it.each([
    ["whose length is told", {}],
    ["that comes in chunks", { "transfer-encoding": "chunked" }],
  ])("refuses a body over 3 MiB %s", async (_, headers) => {
    const body = "x".repeat(3 * 1024 * 1024 + 1);
    const reply = await kit.fetch(POST, { method: "POST", body, headers });
    expect(reply.json).toMatchObject({ kind: "Status", code: 413, reason: "RequestEntityTooLarge" });
    expect(kit.store.list(bottles, {}).items).toHaveLength(1);
  });

  it.each<[string, Asked, number]>([
    ["broken JSON", { body: '{"a":"s3cr3t-value"' }, 400],
    ["text", { body: "s3cr3t-value" }, 400],
    ["a list", { body: [1] }, 400],
    ["broken YAML", { body: "a: [s3cr3t-value", headers: { "content-type": "application/yaml" } }, 400],
    [
      "YAML with doubled keys",
      { body: "a: s3cr3t-value\na: 2", headers: { "content-type": "application/yaml" } },
      400,
    ],
    ["an alias bomb", { body: aliasBomb(), headers: { "content-type": "application/yaml" } }, 400],
    [
      "another media type",
      { body: "a=s3cr3t-value", headers: { "content-type": "application/x-www-form-urlencoded" } },
      415,
    ],
    [
      "broken protobuf",
      { body: "k8s\0s3cr3t-value", headers: { "content-type": "application/vnd.kubernetes.protobuf" } },
      415,
    ],
    ["no object", { body: "" }, 400],
    ["metadata that is none", { body: { metadata: "s3cr3t-value" } }, 400],
    ["another kind", { body: { kind: "Agent" } }, 400],
  ])("refuses %s with a Status that quotes nothing", async (_, asked, code) => {
    const reply = await kit.fetch(POST, { method: "POST", ...asked });
    expect(reply.json).toMatchObject({ kind: "Status", code });
    expect(reply.text).not.toContain("s3cr3t");
    expect(reply.text).not.toMatch(/\bat .*\.ts:\d/);
  });

  it.each([
    ["GET", "/apis/bot-bottle.dev/v1alpha1/nothing", 404],
    ["GET", "/apis/other.dev/v1/bottles", 404],
    ["GET", "/api/v1/namespaces/default/pods/hello/nothing", 404],
    ["GET", "/api/v1/namespaces/default/bottleclasses", 404],
    ["GET", "/api/v1/namespaces/..%2f..%2fversion/secrets", 404],
    ["GET", "//", 404],
    ["GET", "/api/v1/namespaces/%zz/secrets", 404],
    ["POST", "/version", 405],
    ["PUT", LIST, 405],
    ["POST", LIST, 405],
    ["DELETE", LIST, 405],
    ["POST", "/api/v1/namespaces/default/pods", 405],
    ["DELETE", "/api/v1/namespaces/default/pods/hello", 405],
    ["DELETE", "/api/v1/namespaces", 405],
    ["GET", `${LIST}?limit=many`, 400],
    ["GET", `${LIST}?resourceVersion=abc`, 400],
    ["GET", `${LIST}?continue=abc`, 400],
    ["GET", EXEC, 400],
    ["GET", "/api/v1/namespaces/default/pods/hello/log?tailLines=-1", 400],
    ["GET", "/api/v1/namespaces/default/pods/hello/log?limitBytes=x", 400],
    ["POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", 404],
  ])("answers %s %s with the Status %i", async (method, path, code) => {
    const reply = await kit.fetch(path, { method });
    expect(reply.json, reply.text).toMatchObject({ kind: "Status", status: "Failure", code });
    expect(reply.code).toBe(code);
    expect(reply.text).not.toMatch(/\bat .*\.ts:\d/);
  });

  it("tells nothing of an error that was not foreseen, and logs it once", async () => {
    kit.logs.failure = new Error("s3cr3t cause");
    const before = kit.logged.length;
    const reply = await kit.fetch("/api/v1/namespaces/default/pods/hello/log");
    kit.logs.failure = undefined;
    expect(reply.json).toMatchObject({ kind: "Status", code: 500, reason: "InternalError" });
    expect(reply.text).not.toMatch(/s3cr3t|\bat /);
    const told = kit.logged.slice(before);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain("s3cr3t cause");
  });

  it("says when the runtime does not answer", async () => {
    kit.logs.failure = new RuntimeUnavailableError("no docker");
    const reply = await kit.fetch("/api/v1/namespaces/default/pods/hello/log");
    kit.logs.failure = undefined;
    expect(reply.json).toMatchObject({ code: 503, details: { retryAfterSeconds: 1 } });
  });

  it("answers a client that takes neither JSON nor YAML with 406", async () => {
    const reply = await kit.fetch(LIST, { headers: { accept: "application/vnd.kubernetes.protobuf" } });
    expect(reply.json).toMatchObject({ code: 406, reason: "NotAcceptable" });
  });
});

function aliasBomb(): string {
  const lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"];
  for (let n = 1; n < 12; n += 1) lines.push(`a${n}: &a${n} [${`*a${n - 1},`.repeat(9)}*a${n - 1}]`);
  return lines.join("\n");
}

function upgradeCode(headers: Record<string, string>): Promise<number> {
  const url = `wss://127.0.0.1:${kit.port}${EXEC}`;
  const socket = new WebSocket(url, ["v5.channel.k8s.io"], { ca: kit.api.caPem, headers });
  return new Promise((resolve) => {
    socket.on("unexpected-response", (request, response) => {
      request.destroy();
      resolve(response.statusCode ?? 0);
    });
    socket.on("open", () => {
      socket.terminate();
      resolve(101);
    });
    socket.on("error", () => undefined);
  });
}

function connects(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = tcpConnect({ host, port, timeout: 2_000 });
    const end = (connected: boolean): void => {
      socket.destroy();
      resolve(connected);
    };
    socket.on("connect", () => end(true));
    socket.on("error", () => end(false));
    socket.on("timeout", () => end(false));
  });
}
