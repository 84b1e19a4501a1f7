import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
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

describe("a streamed answer", () => {
  it("makes no more than its reader takes, and ends when it is aborted", async () => {
    const response = new StuckResponse();
    const abort = new AbortController();
    const made: string[] = [];
    const answer = { kind: "stream", mediaType: "text/plain", chunks: numbers(made) } as const;
    const exchange = { headers: {}, query: new URLSearchParams(), signal: abort.signal };
    const running = respond(response as unknown as ServerResponse, answer, exchange, new Date());
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
});
