import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import type { Clock } from "../engine/index.ts";
import { respond } from "./respond.ts";

/** A reader that takes nothing until it drains. */
class StuckResponse extends EventEmitter {
  readonly written: string[] = [];
  ended = false;
  writeHead(): void {}
  flushHeaders(): void {}
  write(chunk: string): boolean {
    this.written.push(chunk);
    return false;
  }
  end(): void {
    this.ended = true;
  }
  destroy = (): void => undefined;
}

async function* numbers(made: string[]): AsyncGenerator<string> {
  for (let number = 0; ; number += 1) {
    made.push(String(number));
    yield String(number);
  }
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** Timers that fire when they are told to. */
function createManualClock(): Clock & { fire(): void; readonly pending: () => number } {
  const timers = new Set<() => void>();
  return {
    now: () => new Date(0),
    after(_, call) {
      timers.add(call);
      return () => timers.delete(call);
    },
    fire() {
      for (const call of timers) call();
    },
    pending: () => timers.size,
  };
}

describe("a streamed answer", () => {
  it("makes no more than its reader takes, and ends when it is aborted", async () => {
    const response = new StuckResponse();
    const abort = new AbortController();
    const made: string[] = [];
    const clock = createManualClock();
    const answer = { kind: "stream", mediaType: "text/plain", chunks: numbers(made) } as const;
    const exchange = { headers: {}, query: new URLSearchParams(), signal: abort.signal };
    const running = respond(response as unknown as ServerResponse, answer, exchange, clock);
    await turns(20);
    expect(made).toEqual(["0"]);
    response.emit("drain");
    await turns(20);
    expect(response.written).toEqual(["0", "1"]);
    abort.abort();
    await running;
    expect(response.ended).toBe(true);
    expect(made.length).toBeLessThanOrEqual(3);
  });

  it("cuts a reader off that takes nothing for too long, when it says so", async () => {
    for (const stuckMs of [undefined, 1000]) {
      const response = new StuckResponse();
      const abort = new AbortController();
      response.destroy = () => abort.abort();
      const clock = createManualClock();
      const chunks = numbers([]);
      const answer = {
        kind: "stream",
        mediaType: "text/plain",
        chunks,
        ...(stuckMs === undefined ? {} : { stuckMs }),
      } as const;
      const exchange = { headers: {}, query: new URLSearchParams(), signal: abort.signal };
      const running = respond(response as unknown as ServerResponse, answer, exchange, clock);
      await turns(5);
      clock.fire();
      expect(abort.signal.aborted).toBe(stuckMs !== undefined);
      abort.abort();
      await running;
      expect(clock.pending()).toBe(0);
    }
  });
});
