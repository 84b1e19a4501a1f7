import { constants } from "node:http2";
import { afterEach, describe, expect, it } from "vitest";
import { ask2, openHttp2 } from "./h2-client.ts";
import { type Http2Upstream, type OnStream, startHttp2Upstream } from "./h2-kit.ts";
import { aSecret, startUpstream, startWorld, type World } from "./kit.ts";
import { refusalOf, startWebSocketUpstream } from "./websocket-kit.ts";

/** Heads and trailers that node takes from one side and throws at on the other, or does not bound. */

const HOST = "grpc.example.com";
const SECRET = "s3cr3t-v4lue-0001";
const opened: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function worldOf(onStream?: OnStream): Promise<{ world: World; upstream: Http2Upstream }> {
  const upstream = await startHttp2Upstream(onStream);
  const world = await startWorld({
    egress: { routes: [{ host: HOST, methods: ["*"] }] },
    overrides: { [`${HOST}:443`]: upstream.port },
    secrets: [aSecret(SECRET, HOST)],
  });
  opened.push(world, upstream);
  return { world, upstream };
}

describe("trailers of an upstream", () => {
  it("may be named as what every object has", async () => {
    const { world } = await worldOf((stream) => {
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.once("wantTrailers", () => stream.sendTrailers({ constructor: "a" } as never));
      stream.end("x");
    });
    const session = await openHttp2(world, `${HOST}:443`);
    const answer = await ask2(session, { ":path": "/" });
    expect([answer.status, answer.body, answer.code]).toEqual([200, "x", 0]);
    expect(answer.trailers["constructor"]).toBe("a");
    session.destroy();
  });

  it("break off the answer when HTTP/2 has no room for them", async () => {
    const upstream = await startUpstream({
      answer: (_request, { socket }) =>
        void socket?.end(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\netag: a\r\netag: b\r\n\r\n",
        ),
    });
    const world = await startWorld({
      egress: { routes: [{ host: HOST }] },
      overrides: { [`${HOST}:443`]: upstream.port },
    });
    opened.push(world, upstream);
    const session = await openHttp2(world, `${HOST}:443`);
    const answer = await ask2(session, { ":path": "/" });
    expect([answer.status, answer.code]).toEqual([200, constants.NGHTTP2_INTERNAL_ERROR]);
    session.destroy();
  });
});

describe("an answer to a handshake", () => {
  it.each(["000", "099"])("with the status %s is an upstream's failure", async (status) => {
    const upstream = await startWebSocketUpstream({
      refuse: (socket) => void socket.end(`HTTP/1.1 ${status} Odd\r\nContent-Length: 0\r\n\r\n`),
    });
    const world = await startWorld({
      egress: { routes: [{ host: HOST }] },
      overrides: { [`${HOST}:443`]: upstream.port },
    });
    opened.push(world, upstream);
    expect(await refusalOf(world, `wss://${HOST}/`)).toBe("502 UpstreamProtocolError");
  });
});

describe("the head of a request over HTTP/2", () => {
  it("is bounded before the client has read our settings", async () => {
    const { world, upstream } = await worldOf();
    const session = await openHttp2(world, `${HOST}:443`, { maxSendHeaderBlockLength: 100_000_000 });
    const fields = Array.from({ length: 200 }, () => "y".repeat(2_000));
    const answer = await ask2(session, { ":path": "/", "x-a": fields });
    expect([answer.status, answer.denied]).toEqual([431, "HeadTooLarge"]);
    expect(upstream.seen).toEqual([]);
    session.destroy();
  });

  it("with a method that nobody knows is refused, and the audit does not repeat it", async () => {
    const { world, upstream } = await worldOf();
    const session = await openHttp2(world, `${HOST}:443`);
    const answer = await ask2(session, { ":path": "/", ":method": SECRET });
    expect([answer.status, answer.denied]).toEqual([400, "BadRequest"]);
    expect(world.audit).toHaveLength(1);
    expect(JSON.stringify(world.audit)).not.toContain(SECRET);
    expect(upstream.seen).toEqual([]);
    session.destroy();
  });
});
