import type { ClientHttp2Stream } from "node:http2";
import { PassThrough } from "node:stream";
import { setImmediate as tick } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import { type Exchange, Revocation } from "../exchange.ts";
import { Times } from "../times.ts";
import { relayOverHttp2 } from "./http2-relay.ts";
import type { Http2Connection, Http2Upstream } from "./http2-upstream.ts";

/** An exchange whose answer is written down, and the stream on which the upstream answers. */
function aRelay(failing?: "start" | "write" | "end") {
  const told: string[] = [];
  const tell = (what: string, text = ""): boolean => {
    if (what === failing) throw new Error("an answer that cannot be written");
    return told.push(what + text) > 0;
  };
  const stream = Object.assign(new PassThrough(), {
    rstCode: 0,
    setTimeout: () => undefined,
    close: () => undefined,
  });
  const connection = {
    session: { destroyed: false },
    request: () => stream as unknown as ClientHttp2Stream,
  } as unknown as Http2Connection;
  const exchange = {
    head: { scheme: "https", host: "a.example", port: 443, method: "GET", path: "/" },
    headers: [],
    query: "",
    fields: { takesTrailers: false, contentLength: undefined },
    body: undefined,
    agent: { isGone: false, onGone: () => undefined, forgetGone: () => undefined },
    revoked: new Revocation(),
    times: new Times(systemClock),
    answer: {
      get hasStarted() {
        return told.length > 0;
      },
      start: (status: number) => tell("start", ` ${status}`),
      write: (chunk: Buffer) => tell("write", ` ${chunk.toString()}`),
      end: () => tell("end"),
      abort: () => told.push("abort"),
    },
  };
  const upstream = { connection: () => Promise.resolve(connection) } as Partial<Http2Upstream>;
  const outcome = relayOverHttp2(exchange as unknown as Exchange, upstream as Http2Upstream);
  return { told, stream, outcome };
}

describe("an answer over HTTP/2", () => {
  // node emits the head of an answer a tick late, and the data that came with it may be there before
  it("is begun with its head, though its body is there first", async () => {
    const { told, stream, outcome } = aRelay();
    await tick();
    stream.end("body");
    await tick();
    stream.emit("response", { ":status": 200 }, 4, [":status", "200"]);
    expect(await outcome).toEqual({ kind: "relayed", status: 200, responseBytes: 4 });
    expect(told).toEqual(["start 200", "write body", "end"]);
  });

  it.each([
    ["start", []],
    ["write", ["start 200", "abort"]],
    ["end", ["start 200", "write body", "abort"]],
  ] as const)("fails alone when its %s throws", async (failing, expected) => {
    const { told, stream, outcome } = aRelay(failing);
    await tick();
    stream.emit("response", { ":status": 200 }, 4, [":status", "200"]);
    stream.end("body");
    expect(await outcome).toMatchObject({ kind: "failed", failure: "UpstreamFailed" });
    expect(told).toEqual(expected);
  });
});
