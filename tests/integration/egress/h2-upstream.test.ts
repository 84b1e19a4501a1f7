import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { answerOf, ask2, openHttp2 } from "./h2-client.ts";
import {
  grpcCall,
  grpcEcho,
  type Http2Upstream,
  HTTP2_HOST,
  HTTP2_SECRET,
  startHttp2World,
} from "./h2-kit.ts";
import { request } from "./client.ts";
import { startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

/** HTTP/2 on both sides: what is spoken with the upstream, and gRPC. */

const opened: (Upstream | Http2Upstream | World)[] = [];

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

const worldOf: typeof startHttp2World = async (...options) => {
  const started = await startHttp2World(...options);
  opened.push(started.world, started.upstream);
  return started;
};

describe("HTTP/2 with the upstream", () => {
  it("is spoken when both sides can, on one connection for many requests", async () => {
    const { world, upstream } = await worldOf();
    const session = await openHttp2(world, `${HTTP2_HOST}:443`);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => ask2(session, { ":path": `/${n}?q=${n}`, "x-n": `${n}` })),
    );
    for (const answer of answers)
      expect(answer).toMatchObject({ status: 200, body: "hello over h2", code: 0 });
    expect(upstream.sessions).toHaveLength(1);
    expect(upstream.seen.find(({ headers }) => headers["x-n"] === "7")?.headers).toMatchObject({
      ":path": "/7?q=7",
      ":authority": HTTP2_HOST,
      ":scheme": "https",
    });
    session.close();
  });

  it("is not spoken for an agent that speaks HTTP/1.1", async () => {
    const { world, upstream } = await worldOf();
    expect((await request(world, `https://${HTTP2_HOST}/`)).body).toBe("hello over h1");
    expect(upstream.sessions).toHaveLength(0);
  });

  it("passes on only what may be, injects, and scans as HTTP/1.1 does", async () => {
    const { world, upstream } = await worldOf(undefined, {
      auth: { secretRef: { name: "cred", key: "token" } },
    });
    const session = await openHttp2(world, `${HTTP2_HOST}:443`);
    await ask2(session, {
      ":path": "/",
      authorization: "Bearer mine",
      "x-forwarded-host": "evil",
      cookie: "a=1",
    });
    const { headers } = upstream.seen[0]!;
    expect(headers).toMatchObject({ authorization: `Bearer ${HTTP2_SECRET}` });
    expect(headers).not.toHaveProperty("x-forwarded-host");
    expect(headers).not.toHaveProperty("cookie");
    expect((await ask2(session, { ":path": "/", "x-a": HTTP2_SECRET })).denied).toBe("SecretInHead");
    expect((await ask2(session, { ...grpcCall }, `x ${HTTP2_SECRET} x`)).denied).toBe("SecretInBody");
    expect(upstream.seen).toHaveLength(1);
    session.close();
  });

  it("remembers that an upstream speaks HTTP/1.1 alone", async () => {
    const upstream = await startUpstream();
    const world = await startWorld({
      egress: { routes: [{ host: HTTP2_HOST }] },
      overrides: { [`${HTTP2_HOST}:443`]: upstream.port },
    });
    opened.push(world, upstream);
    const session = await openHttp2(world, `${HTTP2_HOST}:443`);
    for (let n = 0; n < 3; n += 1) {
      expect((await ask2(session, { ":path": "/" })).body).toBe("hello from upstream");
    }
    // one that was asked for HTTP/2, and one that is kept
    expect(world.audit.filter(({ verdict }) => verdict === "allow")).toHaveLength(3);
    expect(upstream.connections()).toBeLessThanOrEqual(2);
    session.close();
  });
});

describe("gRPC", () => {
  it.each(["full", "inject-only"])("answers a unary call with its trailers, scan %s", async (scan) => {
    const { world, upstream } = await worldOf(grpcEcho, { scan });
    const session = await openHttp2(world, `${HTTP2_HOST}:443`);
    const answer = await ask2(session, grpcCall, "\0\0\0\0\x05hello");
    expect(answer).toMatchObject({
      status: 200,
      body: "\0\0\0\0\x05hello",
      trailers: { "grpc-status": "0", "grpc-message": "fine" },
      code: 0,
    });
    expect(upstream.seen[0]?.headers.te).toBe("trailers");
    session.close();
  });

  it("streams in both directions at once", async () => {
    const { world } = await worldOf(grpcEcho, { scan: "inject-only" });
    const session = await openHttp2(world, `${HTTP2_HOST}:443`);
    const stream = session.request(grpcCall);
    const ended = answerOf(stream);
    let received = "";
    stream.on("data", (chunk: Buffer) => (received += chunk.toString()));
    for (let n = 0; n < 5; n += 1) {
      stream.write(`message ${n};`);
      await expect.poll(() => received).toContain(`message ${n};`);
    }
    stream.end();
    expect((await ended).trailers).toMatchObject({ "grpc-status": "0" });
    session.close();
  });

  it("keeps an answer that is its head alone one frame", async () => {
    const { world } = await worldOf((stream) =>
      stream.respond({ ":status": 200, "grpc-status": "5" }, { endStream: true }),
    );
    const session = await openHttp2(world, `${HTTP2_HOST}:443`);
    const stream = session.request(grpcCall);
    stream.end("x");
    const [headers, flags] = (await once(stream, "response")) as [Record<string, unknown>, number];
    expect(headers).toMatchObject({ "grpc-status": "5" });
    expect(flags & 1).toBe(1);
    session.close();
  });

  it("passes the trailers of a request on, after they were scanned", async () => {
    for (const scan of ["full", "inject-only"]) {
      const { world, upstream } = await worldOf(grpcEcho, { scan });
      const session = await openHttp2(world, `${HTTP2_HOST}:443`);
      const withTrailers = async (trailers: Record<string, string>) => {
        const stream = session.request(grpcCall, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers(trailers));
        stream.end("body");
        return answerOf(stream);
      };
      expect(await withTrailers({ "x-sum": "1", authorization: "mine" })).toMatchObject({ body: "body" });
      expect(upstream.seen[0]?.trailers).toMatchObject({ "x-sum": "1" });
      expect(upstream.seen[0]?.trailers).not.toHaveProperty("authorization");
      const refused = await withTrailers({ "x-sum": HTTP2_SECRET });
      if (scan === "full") expect(refused.denied).toBe("SecretInHead");
      await expect.poll(() => world.audit.at(-1)).toMatchObject({ verdict: "deny", code: "SecretInHead" });
      expect(JSON.stringify(upstream.seen)).not.toContain(HTTP2_SECRET);
      session.close();
    }
  });
});
