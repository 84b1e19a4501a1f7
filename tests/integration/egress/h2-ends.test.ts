import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { answerOf, ask2, openHttp2 } from "./h2-client.ts";
import {
  grpcCall,
  grpcEcho,
  type Http2Upstream,
  type OnStream,
  startHttp2Upstream,
  HTTP2_HOST,
  HTTP2_SECRET,
  startHttp2World,
} from "./h2-kit.ts";
import { startWorld, strangerAuthority, type World } from "./kit.ts";

/** How exchanges over HTTP/2 end, and who is told. */

const opened: (Http2Upstream | World)[] = [];

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

const worldOf: typeof startHttp2World = async (...options) => {
  const started = await startHttp2World(...options);
  opened.push(started.world, started.upstream);
  return started;
};

describe("the end of an exchange", () => {
  it("goes on to the upstream when the agent cancels, as at a deadline", async () => {
    const { world, upstream } = await worldOf((stream) => stream.respond({ ":status": 200 }));
    const session = await openHttp2(world, `${HTTP2_HOST}:443`);
    const stream = session.request({ ":path": "/" });
    await once(stream, "response");
    stream.on("error", () => undefined).close(8);
    await expect.poll(() => upstream.seen[0]?.code).toBe(8);
    await expect.poll(() => world.audit.at(-1)?.code).toBe("ClientGone");
    session.close();
  });

  it("goes on to the agent with its code when the upstream resets an answer", async () => {
    const { world } = await worldOf((stream) => {
      // node says that a body is whole before it resets, if it need not wait for trailers
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.write("half", () => stream.close(11));
    });
    const session = await openHttp2(world, `${HTTP2_HOST}:443`);
    expect(await ask2(session, { ":path": "/" })).toMatchObject({ status: 200, code: 11 });
    expect(world.audit.at(-1)).toMatchObject({ verdict: "error", code: "UpstreamReset" });
    session.close();
  });

  it.each([
    ["resets the stream", (stream) => stream.close(2), "UpstreamReset"],
    ["ends the connection", (stream) => stream.session?.destroy(), "UpstreamClosed"],
    ["cuts the connection", (stream) => stream.session?.socket.destroy(), "UpstreamClosed"],
    [
      "ends the connection with an error",
      (stream) => stream.session?.destroy(new Error("x"), 2),
      "UpstreamReset",
    ],
  ] as [string, OnStream, string][])(
    "is a 502 when the upstream %s before it answers",
    async (_what, act, code) => {
      const { world } = await worldOf(act);
      const session = await openHttp2(world, `${HTTP2_HOST}:443`);
      const answer = await ask2(session, { ":path": "/", ":method": "POST" }, "x");
      expect(answer).toMatchObject({ status: 502 });
      expect(answer.headers["x-bot-bottle-failed"]).toBe(code);
      session.close();
    },
  );

  it("is not taken for whole when the upstream breaks off", async () => {
    const { world } = await worldOf((stream) => {
      stream.respond({ ":status": 200, "content-length": "100" });
      stream.write("half", () => stream.session?.socket.destroy());
    });
    const session = await openHttp2(world, `${HTTP2_HOST}:443`);
    const answer = await ask2(session, { ":path": "/" });
    expect(answer.code).not.toBe(0);
    expect(world.audit.at(-1)).toMatchObject({ verdict: "error" });
    session.close();
  });

  it("is a failure when the upstream lies about its length", async () => {
    const { world } = await worldOf((stream) => {
      stream.respond({ ":status": 200, "content-length": "100" });
      stream.end("short");
    });
    const session = await openHttp2(world, `${HTTP2_HOST}:443`);
    expect((await ask2(session, { ":path": "/" })).code).not.toBe(0);
    expect(world.audit.at(-1)).toMatchObject({ verdict: "error", code: "UpstreamProtocolError" });
    session.close();
  });

  it("is a 502 when nobody that is trusted signed the upstream's certificate", async () => {
    const upstream = await startHttp2Upstream(undefined, {}, strangerAuthority);
    const world = await startWorld({
      egress: { routes: [{ host: HTTP2_HOST }] },
      overrides: { [`${HTTP2_HOST}:443`]: upstream.port },
    });
    opened.push(world, upstream);
    const session = await openHttp2(world, `${HTTP2_HOST}:443`);
    const answer = await ask2(session, { ":path": "/" });
    expect(answer.headers).toMatchObject({ ":status": 502, "x-bot-bottle-failed": "UpstreamTlsUntrusted" });
    session.close();
  });

  it("begins anew when the upstream says that it has not looked at the request", async () => {
    let n = 0;
    const { world, upstream } = await worldOf((stream) => {
      n += 1;
      if (n === 1) return stream.close(7);
      stream.respond({ ":status": 200 });
      stream.end("again");
    });
    const session = await openHttp2(world, `${HTTP2_HOST}:443`);
    expect(await ask2(session, { ":path": "/", ":method": "POST" }, "once")).toMatchObject({ body: "again" });
    expect(upstream.seen.map(({ body }) => body)).toHaveLength(2);
    session.close();
  });

  it("comes for what is under way when the upstream says goodbye, and the next goes to a new connection", async () => {
    let release: () => void = () => undefined;
    const { world, upstream } = await worldOf((stream, headers) => {
      stream.respond({ ":status": 200 });
      if (headers[":path"] !== "/slow") return void stream.end("ok");
      release = () => stream.end("late");
      stream.session?.goaway(0);
    });
    const session = await openHttp2(world, `${HTTP2_HOST}:443`);
    const slow = ask2(session, { ":path": "/slow" });
    await expect.poll(() => upstream.sessions.length).toBe(1);
    await expect.poll(async () => (await ask2(session, { ":path": "/" })).body).toBe("ok");
    await expect.poll(() => upstream.sessions.length).toBe(2);
    release();
    expect(await slow).toMatchObject({ body: "late", code: 0 });
    session.close();
  });

  it("is a reset for the upstream when a secret comes to light in a body that is on its way", async () => {
    const { world, upstream } = await worldOf(grpcEcho, { scan: "inject-only" });
    const session = await openHttp2(world, `${HTTP2_HOST}:443`);
    const stream = session.request(grpcCall);
    const ended = answerOf(stream);
    stream.write("x".repeat(100_000));
    await expect.poll(() => upstream.seen[0]?.body.length).toBeGreaterThan(90_000);
    stream.write(HTTP2_SECRET);
    expect((await ended).code).not.toBe(0);
    await expect.poll(() => upstream.seen[0]?.code).toBe(8);
    expect(upstream.seen[0]?.body).not.toContain(HTTP2_SECRET);
    expect(world.audit.at(-1)).toMatchObject({ verdict: "deny", code: "SecretInBody" });
    session.close();
  });

  it("frees the agent of the rest of its body when the answer is whole", async () => {
    const { world } = await worldOf(
      (stream) => {
        stream.respond({ ":status": 200, "grpc-status": "7" }, { endStream: true });
      },
      { scan: "inject-only" },
    );
    const session = await openHttp2(world, `${HTTP2_HOST}:443`);
    const stream = session.request(grpcCall);
    stream.write("a beginning".repeat(1000));
    expect(await answerOf(stream)).toMatchObject({ status: 200, code: 0 });
    session.close();
  });

  it("cuts off what the policy no longer allows", async () => {
    const { world, upstream } = await worldOf((stream) => stream.respond({ ":status": 200 }));
    const session = await openHttp2(world, `${HTTP2_HOST}:443`);
    const stream = session.request({ ":path": "/" });
    await once(stream, "response");
    const ended = answerOf(stream);
    world.enforce({ routes: [{ host: HTTP2_HOST, methods: ["POST"] }] });
    expect((await ended).code).toBe(8);
    expect(world.audit.at(-1)).toMatchObject({ code: "PolicyChanged" });
    await expect.poll(() => upstream.seen).toHaveLength(1);
    session.close();
  });
});
