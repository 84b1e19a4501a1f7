import { once } from "node:events";
import net, { type AddressInfo, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dial, readAnswer } from "./client.ts";
import { startWorld, type World } from "./kit.ts";

/** What an allowed host answers is its own affair; that the proxy lives on is ours. An unhandled error fails this file. */

const HOST = "a.example.com";
const PROTOCOL = "UpstreamProtocolError";
let answer = "";
let server: Server;
let world: World;

beforeAll(async () => {
  server = net.createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end(Buffer.from(answer, "latin1")));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  world = await startWorld({
    egress: { routes: [{ host: HOST }] },
    overrides: { [`${HOST}:80`]: port },
  });
});

afterAll(async () => {
  await world.close();
  server.close();
});

async function get(bytes: string) {
  answer = bytes;
  const socket = await dial(world);
  socket.write(`GET http://${HOST}/ HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  const got = await readAnswer(socket);
  socket.destroy();
  return got;
}

const OK = "HTTP/1.1 200 OK\r\n";
const LENGTH = "Content-Length: 2\r\n\r\nok";

describe("an upstream's answer", () => {
  it.each([
    ["a reason with a control character", `HTTP/1.1 200 O\x01K\r\n${LENGTH}`, 200],
    ["a reason that is no text", `HTTP/1.1 404 N\xff\xfe\r\n${LENGTH}`, 404],
    ["no reason", `HTTP/1.1 200\r\n${LENGTH}`, 200],
    ["a status that nobody knows", `HTTP/1.1 999 x\r\n${LENGTH}`, 999],
    ["an informational answer first", `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${OK}${LENGTH}`, 200],
    ["another answer behind it", `${OK}${LENGTH}${OK}Content-Length: 6\r\n\r\nforged`, 200],
  ])("with %s passes", async (_what, bytes, status) => {
    expect(await get(bytes)).toMatchObject({ status, body: "ok" });
  });

  it.each([
    ["a control character in a header", `${OK}X: a\x01b\r\n${LENGTH}`, "UpstreamFailed"],
    ["a header without a name", `${OK}: 1\r\n${LENGTH}`, "UpstreamFailed"],
    ["two lengths", `${OK}Content-Length: 2\r\nContent-Length: 5\r\n\r\nokabc`, PROTOCOL],
    [
      "a length and chunks",
      `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      PROTOCOL,
    ],
    ["a head that is too large", `${OK}X: ${"x".repeat(70_000)}\r\n${LENGTH}`, PROTOCOL],
    [
      "an upgrade that nobody asked for",
      "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
      undefined,
    ],
    ["no HTTP at all", "SSH-2.0-upstream\r\n\r\n", undefined],
    ["nothing", "", "UpstreamClosed"],
  ])("with %s is a failure with a reason", async (_what, bytes, failure) => {
    const { status, headers } = await get(bytes);
    expect(status).toBe(502);
    expect(headers["x-bot-bottle-failed"]).toMatch(failure ?? /^Upstream/);
  });
});
