import { describe, expect, it } from "vitest";
import { ByteReader } from "./byte-reader.ts";

async function* inChunks(text: string, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size));
}

describe("ByteReader", () => {
  it.each([1, 2, 5, 100])("reads the same whatever the chunks: %s bytes each", async (size) => {
    const reader = new ByteReader(inChunks("head 4\na\nb\0\ntail\n", size));

    expect(await reader.line()).toBe("head 4");
    expect((await reader.bytes(4)).toString()).toBe("a\nb\0");
    expect(await reader.line()).toBe("");
    expect(await reader.line()).toBe("tail");
    await reader.end();
  });

  it.each([1, 2, 5, 100])("passes over bytes and goes on after them: %s bytes each", async (size) => {
    const reader = new ByteReader(inChunks("0123456789\ntail\n", size));

    const first = await reader.bytes(3);
    await reader.skip(7);
    expect(first.toString()).toBe("012");
    expect(await reader.line()).toBe("");
    await reader.skip(0);
    expect(await reader.line()).toBe("tail");
    await reader.end();
  });

  it("fails on what ends early, goes on too long, or has a line without an end", async () => {
    await expect(new ByteReader(inChunks("abc", 2)).line()).rejects.toThrow("ended early");
    await expect(new ByteReader(inChunks("abc", 2)).bytes(4)).rejects.toThrow("ended early");
    await expect(new ByteReader(inChunks("abc", 2)).skip(4)).rejects.toThrow("ended early");
    await expect(new ByteReader(inChunks("abc", 2)).end()).rejects.toThrow("more was said");
    await expect(new ByteReader(inChunks("a".repeat(9000), 100)).line()).rejects.toThrow("without an end");
  });
});
