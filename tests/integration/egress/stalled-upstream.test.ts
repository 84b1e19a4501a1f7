import { constants } from "node:http2";
import { afterEach, describe, expect, it } from "vitest";
import { openTls, request } from "./client.ts";
import { answerOf, ask2, openHttp2 } from "./h2-client.ts";
import { type OnStream, startHttp2Upstream } from "./h2-kit.ts";
import { startUpstream, startWorld, type World } from "./kit.ts";

/** Upstreams that take a request and then say nothing more. */

const HOST = "api.example.com";
const URL = `https://${HOST}/`;
const opened: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function worldOf(upstream: { port: number; close(): unknown }): Promise<World> {
  const world = await startWorld({
    egress: { routes: [{ host: HOST, methods: ["*"] }] },
    overrides: { [`${HOST}:443`]: upstream.port },
    silenceMs: 1_000,
  });
  opened.push(world, upstream);
  return world;
}

const overHttp1 = async (headAndHalf = ""): Promise<World> =>
  worldOf(await startUpstream({ answer: (_request, { socket }) => void socket?.write(headAndHalf) }));
const overHttp2 = async (onStream: OnStream): Promise<World> => worldOf(await startHttp2Upstream(onStream));
const begun: OnStream = (stream) => {
  stream.respond({ ":status": 200, "content-length": 100 });
  stream.write("the beginning");
};
const HALF = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nthe beginning";

async function expectTimeout(world: World): Promise<void> {
  await expect.poll(() => world.audit.at(-1)).toMatchObject({ verdict: "error", code: "UpstreamTimeout" });
  expect(world.audit.at(-1)?.because).toBe("the upstream did not answer in time");
}

describe("an upstream that never answers", () => {
  it("is a 504 with its cause, over HTTP/1.1", async () => {
    const world = await overHttp1();
    const answer = await request(world, URL);
    expect(answer.status).toBe(504);
    expect(answer.headers["x-bot-bottle-failed"]).toBe("UpstreamTimeout");
    await expectTimeout(world);
  });

  it.each([
    ["HTTP/1.1", overHttp1],
    ["HTTP/2", () => overHttp2(() => undefined)],
  ])("is a 504 with its cause for an agent of HTTP/2, over %s", async (_version, aWorld) => {
    const world = await aWorld();
    const session = await openHttp2(world, `${HOST}:443`);
    const answer = await ask2(session, { ":path": "/" });
    expect(answer).toMatchObject({ status: 504, headers: { "x-bot-bottle-failed": "UpstreamTimeout" } });
    await expectTimeout(world);
    session.destroy();
  });
});

describe("an upstream that stops in the middle of its answer", () => {
  it("leaves the agent no answer that looks whole, over HTTP/1.1", async () => {
    const world = await overHttp1(HALF);
    const socket = await openTls(world, `${HOST}:443`);
    let received = "";
    socket.on("data", (chunk: Buffer) => (received += chunk.toString()));
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    await expect.poll(() => socket.closed).toBe(true);
    expect(received).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*the beginning$/);
    await expectTimeout(world);
  });

  it.each([
    ["HTTP/1.1", () => overHttp1(HALF)],
    ["HTTP/2", () => overHttp2(begun)],
  ])("leaves an agent of HTTP/2 none either, over %s", async (_version, aWorld) => {
    const world = await aWorld();
    const session = await openHttp2(world, `${HOST}:443`);
    const answer = await answerOf(session.request({ ":path": "/" }));
    expect(answer).toMatchObject({ status: 200, body: "the beginning" });
    expect(answer.code).not.toBe(constants.NGHTTP2_NO_ERROR);
    await expectTimeout(world);
    session.destroy();
  });
});

describe("Expect: 100-continue over HTTP/2", () => {
  const expecting = { ":path": "/", ":method": "POST", expect: "100-continue" };

  it("is answered with 100 before the body is sent, and goes no further", async () => {
    const upstream = await startHttp2Upstream();
    const world = await worldOf(upstream);
    const session = await openHttp2(world, `${HOST}:443`);
    const stream = session.request(expecting);
    const answer = answerOf(stream);
    await new Promise((resolve) => stream.once("continue", resolve));
    stream.end("the body");
    expect(await answer).toMatchObject({ status: 200 });
    expect(upstream.seen[0]?.headers.expect).toBeUndefined();
    expect(upstream.seen[0]?.body).toBe("the body");
    session.destroy();
  });

  it("is not answered with 100 when the request is refused", async () => {
    const upstream = await startHttp2Upstream();
    const world = await worldOf(upstream);
    world.enforce({ routes: [{ host: HOST, methods: ["POST"], paths: ["/allowed/"] }] });
    const session = await openHttp2(world, `${HOST}:443`);
    const stream = session.request(expecting);
    let hasContinued = false;
    stream.once("continue", () => (hasContinued = true));
    expect(await answerOf(stream)).toMatchObject({ status: 403 });
    expect(hasContinued).toBe(false);
    expect(upstream.seen).toEqual([]);
    session.destroy();
  });
});

describe("an upstream over HTTP/2 that waits for its trailers", () => {
  it("gets those of the request when its body has ended, and none before", async () => {
    const upstream = await startHttp2Upstream((stream) => {
      stream.once("end", () => stream.respond({ ":status": 200 }, { endStream: true }));
    });
    const world = await worldOf(upstream);
    const session = await openHttp2(world, `${HOST}:443`);
    const stream = session.request({ ":path": "/", ":method": "POST" }, { waitForTrailers: true });
    stream.once("wantTrailers", () => stream.sendTrailers({ "x-sum": "1" }));
    const answer = answerOf(stream);
    stream.write("first ");
    stream.end("second");
    expect(await answer).toMatchObject({ status: 200, code: 0 });
    await expect
      .poll(() => upstream.seen[0])
      .toMatchObject({ body: "first second", trailers: { "x-sum": "1" }, code: 0 });
    session.destroy();
  });
});
