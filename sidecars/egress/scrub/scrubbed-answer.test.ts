import { setImmediate as tick } from "node:timers/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { knownValuePatterns } from "./known-values.ts";
import { PatternTable } from "./pattern-table.ts";
import { ScrubbedAnswer } from "./scrubbed-answer.ts";

/** A scrubbed answer to somebody who cannot take it. */
function anAnswer(failing: "write" | "end") {
  const told: string[] = [];
  const answer = new ScrubbedAnswer({
    to: {
      hasStarted: true,
      start: () => undefined,
      write: () => {
        if (failing === "write") throw new Error("cannot be written");
        return true;
      },
      onDrain: () => undefined,
      end: () => {
        throw new Error("cannot be ended");
      },
      abort: () => void told.push("abort"),
    },
    table: new PatternTable(knownValuePatterns([{ texts: ["a-known-value"], placeholder: "placeholder" }])),
    account: { count: 0, rule: undefined },
    isHead: false,
    onRefused: () => void told.push("refused"),
  });
  return { answer, told };
}

describe("an answer that is decoded, and cannot be passed on", () => {
  it.each([
    ["gzip", "write"],
    ["gzip", "end"],
    ["zstd", "write"],
    ["zstd", "end"],
  ] as const)("is broken off: %s, %s", async (coding, failing) => {
    const { answer, told } = anAnswer(failing);
    answer.start(200, ["content-encoding", coding]);
    answer.write((coding === "gzip" ? gzipSync : zstdCompressSync)("an answer"));
    answer.end();
    await answer.decoded();
    await tick();
    expect(answer.failure).toBe("UpstreamFailed");
    expect(told).toEqual(["abort", "refused"]);
  });
});
