import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import type { WebSocket } from "ws";
import type { EgressRoute } from "../../../crds/egress-route.ts";
import { aSecret, startWorld, type World } from "./kit.ts";
import { openWebSocket, startWebSocketUpstream, type WebSocketUpstream } from "./websocket-kit.ts";

const HOST = "model.example";
const SECRET = "the-real-credential-of-this-route";
// made here, so that no scanner takes this file for a leak
const TOKEN = `ghp_${"x7Kq2".repeat(7)}Z`;
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

interface Talk {
  readonly world: World;
  readonly upstream: WebSocketUpstream;
  readonly socket: WebSocket;
  readonly said: string[];
}

async function talk(
  route: Partial<EgressRoute> = {},
  options: Parameters<typeof startWebSocketUpstream>[0] = {},
): Promise<Talk> {
  const upstream = await startWebSocketUpstream(options);
  const world = await startWorld({
    egress: { routes: [{ host: HOST, ...route }] },
    secrets: [aSecret(SECRET, HOST)],
    overrides: { [`${HOST}:443`]: upstream.port },
  });
  open.push(
    () => upstream.close(),
    () => world.close(),
  );
  const { socket, said } = await openWebSocket(world, `wss://${HOST}/`, { perMessageDeflate: true });
  return { world, upstream, socket, said };
}

/** Both sides are closed for policy, the record says why, and of what was said after `before` nothing arrived. */
async function expectRefused({ world, upstream, said }: Talk, before: readonly string[] = []): Promise<void> {
  await expect.poll(() => said.at(-1)).toMatch(/^close:1008:SecretInFrame: the message holds a secret/);
  const seen = upstream.conversations[0]!.said;
  await expect.poll(() => seen.at(-1)).toBe("close:1008:refused by policy");
  expect(seen.slice(0, -1)).toEqual(before);
  await expect.poll(() => world.audit.at(-1)).toMatchObject({ verdict: "deny", code: "SecretInFrame" });
  const { because } = world.audit.at(-1)!;
  for (const text of [because, ...said]) {
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain(TOKEN);
  }
}

const SCANS = ["full", "inject-only"] as const;
const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe.each(SCANS)("a message with scan %s", (scan) => {
  it.each([
    ["as text", (socket: WebSocket) => socket.send(`{"a":"${SECRET}"}`)],
    ["as binary", (socket: WebSocket) => socket.send(Buffer.from(`\0\u0001${SECRET}`))],
    ["compressed", (socket: WebSocket) => socket.send(`${SECRET}${"a".repeat(5_000)}`, { compress: true })],
    ["not compressed", (socket: WebSocket) => socket.send(SECRET, { compress: false })],
    ["in base64", (socket: WebSocket) => socket.send(base64(`x${SECRET}`))],
    ["in a ping", (socket: WebSocket) => socket.ping(SECRET)],
    ["in a pong", (socket: WebSocket) => socket.pong(SECRET)],
    [
      "in fragments",
      (socket: WebSocket) => {
        for (const letter of SECRET) socket.send(letter, { fin: false });
        socket.send("", { fin: true });
      },
    ],
    [
      "in fragments with pings in between",
      (socket: WebSocket) => {
        for (const letter of SECRET) {
          socket.send(letter, { fin: false });
          socket.ping();
        }
        socket.send("", { fin: true });
      },
    ],
  ])("that holds a known value %s reaches nobody", async (_how, send) => {
    const all = await talk({ scan });
    send(all.socket);
    const pings = _how.includes("in between") ? Array.from(SECRET, () => "ping:") : [];
    await expectRefused(all, pings);
  });

  it("that holds a known value in the reason of its close reaches nobody", async () => {
    const all = await talk({ scan });
    all.socket.close(4000, SECRET);
    await expect.poll(() => all.world.audit.at(-1)).toMatchObject({ verdict: "deny", code: "SecretInFrame" });
    expect(all.upstream.bytes()).not.toContain(SECRET);
    await expect.poll(() => all.upstream.conversations[0]!.said.at(-1)).toBe("close:1008:refused by policy");
  });

  it.each([2, 3, 8, SECRET.length])("is seen together with those before, in %i parts", async (parts) => {
    const all = await talk({ scan });
    const size = Math.ceil(SECRET.length / parts);
    const pieces = Array.from({ length: Math.ceil(SECRET.length / size) }, (_, index) =>
      SECRET.slice(index * size, (index + 1) * size),
    );
    for (const piece of pieces) all.socket.send(piece);
    await expectRefused(
      all,
      pieces.slice(0, -1).map((piece) => `text:${piece}`),
    );
  });

  it.each([
    ["a ping", (socket: WebSocket, half: string) => socket.ping(half)],
    ["a pong", (socket: WebSocket, half: string) => socket.pong(half)],
    ["a close", (socket: WebSocket, half: string) => socket.close(4000, half)],
  ])("that holds half of a known value goes on in %s, which reaches nobody", async (_where, say) => {
    const all = await talk({ scan });
    all.socket.send(SECRET.slice(0, 16));
    await expect.poll(() => all.upstream.conversations[0]!.said).toHaveLength(1);
    say(all.socket, SECRET.slice(16));
    await expect.poll(() => all.world.audit.at(-1)).toMatchObject({ verdict: "deny", code: "SecretInFrame" });
    expect(all.upstream.conversations[0]!.said.join("\n")).not.toContain(SECRET.slice(16));
  });

  it("goes on as it is when it holds none, whatever it is", async () => {
    const { upstream, socket } = await talk({ scan });
    const messages = [
      "",
      "a",
      "ä€😀",
      Buffer.from([0xff, 0xfe]),
      "x".repeat(300_000),
      `{"a":"${"egress-placeholder"}"}`,
    ];
    for (const message of messages) socket.send(message);
    const said = upstream.conversations[0]!.said;
    await expect.poll(() => said).toHaveLength(messages.length);
    expect(said).toEqual(
      messages.map((message) =>
        typeof message === "string"
          ? `text:${Buffer.from(message).toString("latin1")}`
          : `binary:${message.toString("latin1")}`,
      ),
    );
  });
});

describe("a message that is looked at whole", () => {
  it.each([
    ["as it is", (socket: WebSocket) => socket.send(`{"a":"${TOKEN}"}`)],
    [
      "in base64 within JSON",
      (socket: WebSocket) => socket.send(JSON.stringify({ a: base64(`t=${TOKEN}`) })),
    ],
    ["with escapes", (socket: WebSocket) => socket.send(`{"a":"${TOKEN.replace("_", "\\u005f")}"}`)],
  ])("is refused for what looks like a token, %s", async (_how, send) => {
    const all = await talk();
    send(all.socket);
    await expectRefused(all);
  });

  it.each([
    ["three", [TOKEN.slice(0, 3), TOKEN.slice(3, 9), TOKEN.slice(9)]],
    ["as many as it has letters", [...TOKEN]],
  ])("is refused for a token that comes in several messages: %s", async (_how, pieces) => {
    const all = await talk();
    for (const piece of pieces) all.socket.send(piece);
    await expect.poll(() => all.said.at(-1)).toMatch(/^close:1008:SecretInFrame/);
    const arrived = all.upstream.conversations[0]!.said.filter((one) => one.startsWith("text:"));
    expect(arrived.length).toBeLessThan(pieces.length);
  });

  it.each([
    ["in one frame", (socket: WebSocket) => socket.send("x".repeat(20_000), { compress: false })],
    ["once it is inflated", (socket: WebSocket) => socket.send("x".repeat(20_000), { compress: true })],
    [
      "in fragments",
      (socket: WebSocket) => {
        for (let count = 0; count < 4; count += 1) socket.send("x".repeat(5_000), { fin: false });
      },
    ],
  ])("is refused when it is too large %s", async (_how, send) => {
    const all = await talk({ maxBodyBytes: 10_000 });
    send(all.socket);
    await expect.poll(() => all.said.at(-1)).toMatch(/^close:1009:/);
    await expect.poll(() => all.world.audit.at(-1)).toMatchObject({ verdict: "deny", code: "BodyTooLarge" });
    expect(all.upstream.conversations[0]!.said.filter((one) => one.startsWith("text:"))).toEqual([]);
  });

  it("takes no more of the agent than the upstream takes", async () => {
    const { upstream, socket } = await talk();
    const { socket: slow, said } = upstream.conversations[0]!;
    slow.pause();
    const message = randomBytes(1024 * 1024);
    const sent = Array.from(
      { length: 24 },
      () => new Promise<void>((resolve) => socket.send(message, () => resolve())),
    );
    let written = 0;
    for (const one of sent) void one.then(() => (written += 1));
    // what the kernel and both proxies' buffers take is far less than what waits
    await expect.poll(() => socket.bufferedAmount).toBeGreaterThan(0);
    const before = written;
    expect(before).toBeLessThan(24);
    slow.resume();
    await Promise.all(sent);
    await expect.poll(() => said).toHaveLength(24);
  });

  it("is answered by an upstream whose messages the agent takes slowly, whole and in order", async () => {
    const { socket, said } = await talk(
      {},
      {
        talk: (upstream) => {
          for (let count = 0; count < 200; count += 1) upstream.send(`${count}`.padStart(50_000));
        },
      },
    );
    socket.on("message", () => {
      socket.pause();
      setImmediate(() => socket.resume());
    });
    await expect.poll(() => said).toHaveLength(200);
    expect(said.map((one) => Number(one.slice(5)))).toEqual(Array.from({ length: 200 }, (_, index) => index));
  });
});
