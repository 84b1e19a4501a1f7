import { describe, expect, it } from "vitest";
import { LogLines } from "./log-lines.ts";

const TIME = "2026-01-02T03:04:05.678901234Z";

function frame(stream: 1 | 2, text: string): Buffer {
  const message = Buffer.from(`${TIME} ${text}`);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(message.length, 4);
  return Buffer.concat([header, message]);
}

const read = (...frames: readonly Buffer[]) => {
  const lines = new LogLines();
  const whole = [...lines.take(Buffer.concat(frames)), ...lines.rest()];
  return whole.map(({ stream, text }) => `${stream}: ${text}`);
};

describe("LogLines", () => {
  it("takes the time from each line and the line end away", () => {
    const [line] = new LogLines().take(frame(1, "hello world\n"));
    expect(line).toEqual({
      time: new Date("2026-01-02T03:04:05.678Z"),
      stream: "stdout",
      text: "hello world",
    });
  });

  it("puts together what the engine cut, by stream", () => {
    expect(read(frame(1, "a".repeat(16)), frame(2, "problem\n"), frame(1, "b\n"), frame(1, "\n"))).toEqual([
      "stderr: problem",
      `stdout: ${"a".repeat(16)}b`,
      "stdout: ",
    ]);
  });

  it("gives out a last line that has no end", () => {
    expect(read(frame(1, "one\n"), frame(2, "two"))).toEqual(["stdout: one", "stderr: two"]);
  });

  it("cuts a line that never ends", () => {
    const lines = read(...Array.from({ length: 40 }, () => frame(1, "x".repeat(16 * 1024))));
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.join("").replaceAll("stdout: ", "")).toHaveLength(40 * 16 * 1024);
  });
});
