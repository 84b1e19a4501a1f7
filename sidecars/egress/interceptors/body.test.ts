import { EventEmitter } from "node:events";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { gzipSync } from "node:zlib";
import { createDetector, type Detector } from "../../detection/index.ts";
import { compileRoutes } from "../../wire/compile-egress.ts";
import { systemClock } from "../../shared/clock.ts";
import type { Exchange, Outcome } from "../exchange.ts";
import { Times } from "../times.ts";
import { body } from "./body.ts";

const [route] = compileRoutes({ routes: [{ host: "a.example" }] });
const [streamedRoute] = compileRoutes({
  routes: [{ host: "a.example", scan: "inject-only", scanReason: "a test" }],
});

/** An exchange as far as its body goes; the body comes when the test emits it. */
function anExchange(detector: Partial<Detector> = createDetector({ knownValues: [] })): {
  exchange: Exchange;
  request: EventEmitter;
} {
  const request = new EventEmitter();
  const exchange = {
    head: { host: "a.example" },
    fields: { hasBody: true },
    agent: { body: request, isGone: false, continue: () => undefined },
    route,
    enforcement: { detector },
    requestBytes: 0,
    times: new Times(systemClock),
  };
  return { exchange: exchange as unknown as Exchange, request };
}

const code = (outcome: Outcome): string => (outcome.kind === "denied" ? outcome.denial.code : outcome.kind);

describe("the bodies that are held at one moment", () => {
  it("have a bound together, and give back what they took when they are through or broken off", async () => {
    let release: () => void = () => undefined;
    const sending = new Promise<void>((resolve) => (release = resolve));
    const step = body(1000)(async () => {
      await sending;
      return { kind: "relayed", status: 200, responseBytes: 0 };
    });
    const [first, second, third] = [anExchange(), anExchange(), anExchange()];
    const sent = step(first.exchange);
    first.request.emit("data", Buffer.alloc(700, "a"));
    first.request.emit("end");

    const refused = step(second.exchange);
    second.request.emit("data", Buffer.alloc(301, "b"));
    expect(code(await refused)).toBe("TooMuchHeld");

    const broken = step(third.exchange);
    third.request.emit("data", Buffer.alloc(300, "c"));
    third.request.emit("close");
    await expect(broken).rejects.toThrow("went away");

    release();
    expect(code(await sent)).toBe("relayed");
    const whole = anExchange();
    const last = step(whole.exchange);
    whole.request.emit("data", Buffer.alloc(1000, "d"));
    whole.request.emit("end");
    expect(code(await last)).toBe("relayed");
  });
});

describe("bodies that may grow when they are looked at", () => {
  it.each([
    ["large", Buffer.alloc(300_000, "a")],
    ["compressed", gzipSync("a")],
  ])("are looked at two at a time: %s", async (_which, bytes) => {
    const looks: (() => void)[] = [];
    const inspectBody: Detector["inspectBody"] = () =>
      new Promise((resolve) => looks.push(() => resolve({ kind: "clean" })));
    const step = body()(() => Promise.resolve({ kind: "relayed", status: 200, responseBytes: 0 }));
    const outcomes = Array.from({ length: 5 }, () => {
      const { exchange, request } = anExchange({ inspectBody });
      const outcome = step(exchange);
      request.emit("data", bytes);
      request.emit("end");
      return outcome;
    });
    const begun: number[] = [];
    for (let done = 0; done < 5; done += 1) {
      await expect.poll(() => looks.length).toBe(Math.min(done + 2, 5));
      begun.push(looks.length - done);
      looks[done]?.();
      await outcomes[done];
    }
    expect(Math.max(...begun)).toBe(2);
    expect((await Promise.all(outcomes)).map(code)).toEqual(Array(5).fill("relayed"));
  });

  it("are not looked at when their client went away while they waited", async () => {
    const looks: (() => void)[] = [];
    const inspectBody: Detector["inspectBody"] = () =>
      new Promise((resolve) => looks.push(() => resolve({ kind: "clean" })));
    const step = body()(() => Promise.resolve({ kind: "relayed", status: 200, responseBytes: 0 }));
    const [first, second, third] = Array.from({ length: 3 }, () => {
      const { exchange, request } = anExchange({ inspectBody });
      const outcome = step(exchange);
      request.emit("data", gzipSync("a"));
      request.emit("end");
      return { exchange, outcome };
    });
    await expect.poll(() => looks.length).toBe(2);
    Object.assign(third!.exchange.agent, { isGone: true });
    for (const look of looks) look();

    await expect(third!.outcome).rejects.toThrow("went away");
    expect((await Promise.all([first!.outcome, second!.outcome])).map(code)).toEqual(["relayed", "relayed"]);
    expect(looks).toHaveLength(2);
  });
});

describe("a body that is broken off, and ends as a whole one does", () => {
  it("does not go on when it is held", async () => {
    const { exchange, request } = anExchange();
    const sent = body()(() => Promise.reject(new Error("sent")))(exchange);
    request.emit("data", Buffer.from("half"));
    Object.assign(exchange.agent, { isGone: true });
    request.emit("end");
    await expect(sent).rejects.toThrow("went away");
  });

  it("is broken off for the upstream when it streams", async () => {
    const { exchange } = anExchange();
    const source = Readable.from([Buffer.from("half")]);
    const agent = { body: source, isGone: false, continue: () => undefined };
    Object.assign(exchange, { route: streamedRoute, agent });
    await body()(async ({ body: sent }) => {
      const chunks: string[] = [];
      const reading = (async () => {
        for await (const chunk of sent as AsyncIterable<Uint8Array>)
          chunks.push(Buffer.from(chunk).toString());
      })();
      agent.isGone = true;
      await expect(reading).rejects.toThrow("went away");
      expect(chunks.join("")).toBe("half");
      return { kind: "abandoned" };
    })(exchange);
  });
});
