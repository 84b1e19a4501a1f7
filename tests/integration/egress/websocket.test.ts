import { type EventEmitter, once } from "node:events";
import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { WebSocket } from "ws";
import type { Egress } from "../../../crds/egress.ts";
import { connect, dial, dialTransparent, openTls, openTransparentTls, readAnswer } from "./client.ts";
import { aSecret, startWorld, type World } from "./kit.ts";
import { openWebSocket, refusalOf, startWebSocketUpstream, type WebSocketUpstream } from "./websocket-kit.ts";

const HOST = "model.example";
const KEY = "AAAAAAAAAAAAAAAAAAAAAA==";
const SECRET = "the-real-value-of-this-route";
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const routes = (more: object = {}): Egress => ({ routes: [{ host: HOST, ...more }] });

/** A world with one upstream behind `wss://model.example` and `ws://model.example`. */
async function aWorld(
  egress: Egress,
  options: Parameters<typeof startWebSocketUpstream>[0] = {},
): Promise<{ world: World; upstream: WebSocketUpstream }> {
  const upstream = await startWebSocketUpstream(options);
  const world = await startWorld({
    egress,
    secrets: [aSecret(SECRET, HOST)],
    overrides: { [`${HOST}:${options.plain === true ? 80 : 443}`]: upstream.port },
  });
  open.push(
    () => upstream.close(),
    () => world.close(),
  );
  return { world, upstream };
}

async function dialogue(socket: WebSocket, message: string | Buffer): Promise<string> {
  const answer = once(socket, "message");
  socket.send(message);
  return ((await answer) as [Buffer])[0].toString();
}

/** A handshake as bytes, and the status and code with which it is answered. */
async function shake(socket: Socket, target: string, host = HOST): Promise<string> {
  const fields = "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13";
  socket.write(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`);
  const [head] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  const text = head.toString("latin1");
  return `${text.slice(9, 12)} ${/x-bot-bottle-denied: (\w+)/.exec(text)?.[1] ?? ""}`.trim();
}

/** The connection below. */
const connectionOf = (socket: WebSocket): Socket => (socket as unknown as { _socket: Socket })._socket;

describe("a handshake", () => {
  const WAYS: [way: string, (world: World, path: string) => Promise<string>][] = [
    ["in absolute form", async (world, path) => shake(await dial(world), `http://${HOST}${path}`)],
    ["by CONNECT and TLS", async (world, path) => shake(await openTls(world, `${HOST}:443`), path)],
    [
      "by CONNECT without TLS",
      async (world, path) => shake((await connect(world, `${HOST}:80`)).socket, path),
    ],
    ["in the path form", async (world, path) => shake(await dial(world), `/${HOST}${path}`, "egress:9099")],
    ["by transparent http", async (world, path) => shake(await dialTransparent(world, "http"), path)],
    ["by transparent TLS", async (world, path) => shake(await openTransparentTls(world, HOST), path)],
  ];

  it.each(WAYS)("%s is judged by the same table", async (_way, handshake) => {
    const [secure, plain] = [await startWebSocketUpstream(), await startWebSocketUpstream({ plain: true })];
    const world = await startWorld({
      egress: { routes: [{ host: HOST, paths: ["/v1"] }] },
      secrets: [aSecret(SECRET, HOST)],
      overrides: { [`${HOST}:443`]: secure.port, [`${HOST}:80`]: plain.port },
    });
    open.push(
      () => secure.close(),
      () => plain.close(),
      () => world.close(),
    );
    expect(await handshake(world, "/v1/responses")).toBe("101");
    expect(await handshake(world, "/v1/../v1/responses")).toBe("101");
    expect(await handshake(world, "/v2/responses")).toBe("403 PathNotAllowed");
    expect(await handshake(world, "/v1/..%2fv2/responses")).toBe("400 BadRequest");
    expect(await handshake(world, `/v1/${SECRET}`)).toBe("403 SecretInHead");
    const urls = [...secure.conversations, ...plain.conversations].map(({ url }) => url);
    expect(urls).toEqual(["/v1/responses", "/v1/responses"]);
  });

  it.each([
    ["a body", "Content-Length: 3\r\n"],
    ["a body in chunks", "Transfer-Encoding: chunked\r\n"],
    ["two keys", `Sec-WebSocket-Key: ${KEY}\r\n`],
    ["two versions", "Sec-WebSocket-Version: 8\r\n"],
    ["another protocol beside it", "Upgrade: h2c\r\n"],
    ["subprotocols that are no tokens", "Sec-WebSocket-Protocol: a b\r\n"],
  ])("with %s stays a request, and is refused", async (_what, field) => {
    const { world, upstream } = await aWorld(routes());
    const socket = await openTls(world, `${HOST}:443`);
    const fields = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n${field}`;
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n${fields}Sec-WebSocket-Key: ${KEY}\r\n\r\n`);
    const answer = await readAnswer(socket);
    expect(answer.denied).toMatch(/^(?:WebSocketRefused|BadRequest)$/);
    expect(upstream.bytes()).toBe("");
  });
});

describe("a WebSocket", () => {
  it.each([
    ["wss, through CONNECT", "wss", false],
    ["ws, in absolute form", "ws", true],
  ])("over %s carries messages both ways", async (_form, scheme, plain) => {
    const { world, upstream } = await aWorld(routes(), { plain });
    const { socket } = await openWebSocket(world, `${scheme}://${HOST}/v1/responses?a={b}`);
    expect(await dialogue(socket, "hello")).toBe("hello");
    expect(await dialogue(socket, Buffer.from([0, 1, 2]))).toBe("\0\u0001\u0002");
    expect(upstream.conversations[0]).toMatchObject({
      url: "/v1/responses?a={b}",
      said: ["text:hello", "binary:\0\u0001\u0002"],
    });
    expect(upstream.conversations[0]?.headers["host"]).toBe(HOST);
  });

  it("passes subprotocol, fields of the handshake, pings, pongs and the close code", async () => {
    const { world, upstream } = await aWorld(routes(), {
      lines: ["X-Turn: 7", "X-Bot-Bottle-Denied: no", "Set-Cookie: a=1"],
      server: { handleProtocols: () => "two" },
    });
    const { socket, said, response } = await openWebSocket(world, `wss://${HOST}/`, {
      protocols: ["one", "two"],
      headers: { "x-of-agent": "yes" },
    });
    const [seen] = upstream.conversations;
    expect([socket.protocol, response.headers["x-turn"], response.headers["set-cookie"]]).toEqual([
      "two",
      "7",
      ["a=1"],
    ]);
    expect(response.headers["x-bot-bottle-denied"]).toBeUndefined();
    expect(seen?.headers).toMatchObject({ "x-of-agent": "yes", "sec-websocket-protocol": "one,two" });

    socket.ping("are you there");
    await expect.poll(() => said).toContain("pong:are you there");
    seen?.socket.ping("and you");
    await expect.poll(() => said).toContain("ping:and you");
    socket.pong("I am");
    await expect.poll(() => seen?.said).toContain("pong:I am");
    socket.close(4321, "done here");
    await expect.poll(() => seen?.said.at(-1)).toBe("close:4321:done here");
  });

  it("passes the upstream's close to the agent, after all that it said", async () => {
    const { world } = await aWorld(routes(), {
      talk: (socket) => {
        for (let count = 0; count < 50; count += 1) socket.send(`${count}`);
        socket.close(1012, "restart");
      },
    });
    const { said } = await openWebSocket(world, `wss://${HOST}/`);
    await expect.poll(() => said.at(-1)).toBe("close:1012:restart");
    expect(said).toHaveLength(51);
    expect(said[49]).toBe("text:49");
  });

  it("is audited when it opens and when it ends, with what went both ways", async () => {
    const { world } = await aWorld(routes());
    const { socket } = await openWebSocket(world, `wss://${HOST}/v1?x=secret-of-query`);
    await expect.poll(() => world.audit).toHaveLength(1);
    expect(world.audit[0]).toMatchObject({
      verdict: "info",
      code: "WebSocketOpened",
      host: HOST,
      path: "/v1",
    });
    await dialogue(socket, "12345");
    socket.close();
    await expect.poll(() => world.audit).toHaveLength(2);
    expect(world.audit[1]).toMatchObject({
      ...{ verdict: "allow", code: "Allowed", status: 101, requestBytes: 5, responseBytes: 5, route: HOST },
    });
  });

  it("gets the route's credential on its handshake, and none of the agent's", async () => {
    const { world, upstream } = await aWorld(
      routes({ auth: { secretRef: { name: "cred", key: "token" }, scheme: "Bearer" } }),
      { server: { handleProtocols: () => "realtime" } },
    );
    await openWebSocket(world, `wss://${HOST}/`, {
      headers: { authorization: "Bearer of-the-agent", "x-api-key": "another-of-it" },
      protocols: ["realtime", "openai-insecure-api-key.of-the-agent"],
    });
    const { headers } = upstream.conversations[0]!;
    expect(headers["authorization"]).toBe(`Bearer ${SECRET}`);
    expect(headers["x-api-key"]).toBeUndefined();
    expect(headers["sec-websocket-protocol"]).toBe("realtime");
  });

  it("is answered only when the upstream has accepted, with what that says otherwise", async () => {
    const { world } = await aWorld(routes(), {
      refuse: (socket) => socket.end("HTTP/1.1 426 No\r\ncontent-length: 9\r\nx-why: b\r\n\r\nnot today"),
    });
    expect(await refusalOf(world, `wss://${HOST}/`)).toBe("426 not today");
    await expect.poll(() => world.audit).toMatchObject([{ verdict: "allow", status: 426, responseBytes: 9 }]);
  });

  it.each([
    ["a host that no route names", { host: "other.example" }, {}, "403 HostNotAllowed"],
    ["a method that the route does not have", { methods: ["POST"] }, {}, "403 MethodNotAllowed"],
    ["a secret in its head", {}, { headers: { "x-note": SECRET } }, "403 SecretInHead"],
    ["a secret in its subprotocol", {}, { protocols: [SECRET] }, "403 SecretInHead"],
  ])("is refused for %s", async (_what, route, options, refusal) => {
    const { world, upstream } = await aWorld({
      routes: [
        { host: HOST, paths: ["/only"] },
        { host: "a.example", ...route },
      ],
    });
    world.enforce({ routes: [{ host: "a.example", paths: ["/"], ...route }] });
    const url = refusal.includes("Host") ? `ws://${HOST}/` : "ws://a.example/";
    expect(await refusalOf(world, url, options)).toBe(refusal);
    expect(upstream.conversations).toEqual([]);
    await expect.poll(() => world.audit.at(-1)).toMatchObject({ verdict: "deny", code: refusal.slice(4) });
  });

  it("is refused for a private address, as any request", async () => {
    const { world } = await aWorld(routes());
    world.enforce({ routes: [{ host: "inside.example" }] });
    expect(await refusalOf(world, "ws://inside.example/")).toBe("403 AddressNotAllowed");
  });

  it("ends when its route goes, and stays when another one does", async () => {
    const { world, upstream } = await aWorld(routes({ name: "one" }));
    const { socket, said } = await openWebSocket(world, `wss://${HOST}/`);
    world.enforce({ routes: [{ host: HOST, name: "one" }, { host: "other.example" }] });
    expect(await dialogue(socket, "still here")).toBe("still here");
    world.enforce({ routes: [{ host: "other.example" }] });
    await expect.poll(() => said.at(-1)).toMatch(/^close:/);
    await expect.poll(() => upstream.conversations[0]?.said.at(-1)).toMatch(/^close:/);
    await expect.poll(() => world.audit.at(-1)).toMatchObject({ verdict: "deny", code: "PolicyChanged" });
  });

  it("tells the agent when the upstream goes without a word", async () => {
    const { world, upstream } = await aWorld(routes());
    const { said } = await openWebSocket(world, `wss://${HOST}/`);
    upstream.conversations[0]?.socket.terminate();
    await expect.poll(() => said).toEqual(["close:1006:"]);
    await expect.poll(() => world.audit.at(-1)).toMatchObject({ verdict: "error", code: "UpstreamClosed" });
  });

  const departures: [string, (socket: WebSocket) => void, string][] = [
    ["says goodbye", (socket) => socket.close(1000), "Allowed"],
    [
      "says goodbye and does not wait",
      (socket) => {
        socket.close(1000);
        socket.terminate();
      },
      "Allowed",
    ],
    ["ends its side without a word", (socket) => void connectionOf(socket).end(), "ClientGone"],
    ["is cut off", (socket) => socket.terminate(), "ClientGone"],
  ];
  describe.each([
    ["that answers", undefined],
    [
      "that goes with it",
      (socket: WebSocket) => void connectionOf(socket).once("end", () => socket.terminate()),
    ],
    [
      "that goes at a goodbye",
      (socket: WebSocket) =>
        void (socket as unknown as { _receiver: EventEmitter })._receiver.prependListener("conclude", () =>
          socket.terminate(),
        ),
    ],
  ])("is recorded, beside an upstream %s,", (_how, talk) => {
    it.each(departures)("when the agent %s", async (_what, leave, code) => {
      const { world } = await aWorld(routes(), talk === undefined ? {} : { talk });
      const { socket } = await openWebSocket(world, `wss://${HOST}/`);
      leave(socket);
      await expect.poll(() => world.audit.map((record) => record.code)).toEqual(["WebSocketOpened", code]);
    });
  });
});
