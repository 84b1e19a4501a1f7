import { describe, expect, it } from "vitest";
import { Demultiplexer } from "./demultiplexer.ts";

function frame(stream: 1 | 2, text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

function read(chunks: readonly Buffer[]) {
  const demultiplexer = new Demultiplexer();
  const seen = { stdout: "", stderr: "", frames: 0 };
  for (const chunk of chunks) {
    for (const { stream, bytes, last } of demultiplexer.take(chunk)) {
      seen[stream] += bytes.toString();
      if (last) seen.frames += 1;
    }
  }
  return seen;
}

describe("Demultiplexer", () => {
  const bytes = Buffer.concat([frame(1, "out"), frame(2, "problem"), frame(1, ""), frame(1, "put")]);

  it("tells stdout from stderr and passes over empty frames", () => {
    expect(read([bytes])).toEqual({ stdout: "output", stderr: "problem", frames: 3 });
  });

  it("does not care where chunks are cut", () => {
    for (let size = 1; size < bytes.length; size += 1) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      );
      expect(read(chunks)).toEqual({ stdout: "output", stderr: "problem", frames: 3 });
    }
  });
});
