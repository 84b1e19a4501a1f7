import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import { describe, expect, it } from "vitest";
import { createDetector } from "./index.ts";

const SECRET = "a-value-that-must-not-leave";
const detector = createDetector({ knownValues: [{ id: "s/k", value: SECRET }] });
const clean = Buffer.from("nothing to see here ".repeat(20));
const inspect = (bytes: Buffer, contentEncoding?: string, contentType?: string) =>
  detector.inspectBody({ bytes, contentEncoding, contentType });

/** RFC 8878 §3.1.2: bytes that whoever decodes passes over */
const skippable = (content: string): Buffer => {
  const head = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, Buffer.from(content)]);
};

/** RFC 1952 §2.3.1: gzip with the name of a file in its head */
const gzipOf = (name: string, content: Buffer): Buffer => {
  const zipped = gzipSync(content);
  zipped[3] = 0x08;
  return Buffer.concat([zipped.subarray(0, 10), Buffer.from(`${name}\0`), zipped.subarray(10)]);
};

describe("a secret beside compressed data", () => {
  it.each([
    ["after gzip and zeros", "gzip", Buffer.concat([gzipSync(clean), Buffer.alloc(8), Buffer.from(SECRET)])],
    ["after deflate", "deflate", Buffer.concat([deflateSync(clean), Buffer.from(SECRET)])],
    ["after bare deflate", "deflate", Buffer.concat([deflateRawSync(clean), Buffer.from(SECRET)])],
    ["after brotli", "br", Buffer.concat([brotliCompressSync(clean), Buffer.from(SECRET)])],
    ["after zstd", "zstd", Buffer.concat([zstdCompressSync(clean), Buffer.from(SECRET)])],
    [
      "between two codings",
      "gzip, br",
      brotliCompressSync(Buffer.concat([gzipSync(clean), Buffer.alloc(9)])),
    ],
  ])("is refused with the body, which goes on after its end: %s", async (_where, contentEncoding, bytes) => {
    expect(await inspect(bytes, contentEncoding)).toMatchObject({ kind: "opaque", code: "BodyUndecodable" });
  });

  it.each([
    ["in a second frame", Buffer.concat([zstdCompressSync(clean), zstdCompressSync(SECRET)])],
    ["after a frame to be skipped", Buffer.concat([skippable("x"), zstdCompressSync(SECRET)])],
    ["in a frame to be skipped", Buffer.concat([zstdCompressSync(clean), skippable(SECRET)])],
    ["in the name of a file", gzipOf(SECRET, clean)],
    ["in a second member", Buffer.concat([gzipSync(clean), gzipSync(SECRET)])],
  ])("is found %s", async (_where, bytes) => {
    const contentEncoding = bytes[0] === 0x1f ? "gzip" : "zstd";
    expect(await inspect(bytes, contentEncoding)).toMatchObject({ kind: "found" });
    // and no header says that it is compressed
    expect(await inspect(bytes)).toMatchObject({ kind: "found" });
  });

  it("leaves whole ones of every kind alone", async () => {
    expect(gunzipSync(gzipOf("notes.txt", clean))).toEqual(clean);
    expect(await inspect(gzipOf("notes.txt", clean), "gzip")).toEqual({ kind: "clean" });
    const frames = Buffer.concat([skippable("x"), zstdCompressSync(clean), zstdCompressSync(clean)]);
    expect(await inspect(frames, "zstd")).toEqual({ kind: "clean" });
  });

  it("is not looked for in frames without end", async () => {
    expect(
      await inspect(Buffer.concat(Array.from({ length: 100 }, () => skippable("x"))), "zstd"),
    ).toMatchObject({
      kind: "opaque",
    });
  });
});

describe("compressed data that no header announces", () => {
  const long = Buffer.from(`${SECRET} ${"0123456789abcdef".repeat(4_000)}`);

  it.each([
    ["gzip", gzipSync(long)],
    ["zstd", zstdCompressSync(long, { params: {} })],
  ])("is looked into when it is cut off: %s", async (_coding, bytes) => {
    expect(await inspect(bytes.subarray(0, -4))).toMatchObject({ kind: "found" });
  });

  it.each([
    ["alone", gzipSync(Buffer.alloc(80 * 1024 * 1024)), undefined],
    [
      "in a part",
      Buffer.concat([
        Buffer.from("--x\r\nContent-Disposition: form-data; name=f\r\n\r\n"),
        gzipSync(Buffer.alloc(80 * 1024 * 1024)),
        Buffer.from("\r\n--x--"),
      ]),
      "multipart/form-data; boundary=x",
    ],
    ["in base64", Buffer.from(gzipSync(Buffer.alloc(20 * 1024 * 1024)).toString("base64")), undefined],
  ])("is refused when it grows beyond what can be looked at: %s", async (_where, bytes, contentType) => {
    expect(await inspect(bytes, undefined, contentType)).toMatchObject({
      kind: "opaque",
      code: "BodyTooLarge",
    });
  });

  const packed = gzipSync(long).toString("base64");
  it.each([
    ["alone", `/${packed}`],
    ["behind what begins as it does", `/H4sIAAAA/KLUv/AAA/${packed}`],
    ["behind many of them", `/${"H4sIAAAA/".repeat(7)}${packed}`],
  ])("is found within a run of base64: %s", async (_where, text) => {
    expect(await inspect(Buffer.from(`{"a":"${text}"}`))).toMatchObject({ kind: "found" });
  });

  it("is refused behind more of what begins as it does than is tried", async () => {
    const text = `/${"H4sIAAAA/".repeat(8)}${packed}`;
    expect(await inspect(Buffer.from(text))).toMatchObject({ kind: "opaque", code: "BodyTooLarge" });
  });

  it("may grow as logs do", async () => {
    const log = Buffer.from(
      Array.from({ length: 100_000 }, (_, line) => `GET /page/${line * 7919} 200 OK\n`).join(""),
    );
    expect(log.length / gzipSync(log).length).toBeGreaterThan(4);
    expect(await inspect(gzipSync(log))).toEqual({ kind: "clean" });
  });
});

describe("a multipart body", () => {
  const contentType = "multipart/form-data; boundary=a";

  it("with more parts than are looked at is refused", async () => {
    expect(await inspect(Buffer.from("--a\r\n\r\n".repeat(20_000)), undefined, contentType)).toMatchObject({
      kind: "opaque",
      code: "BodyTooLarge",
    });
    expect(await inspect(Buffer.from("--a\r\n\r\nx\r\n".repeat(5_000)), undefined, contentType)).toEqual({
      kind: "clean",
    });
  });

  it("whose parts grow too much together is refused, however little each does", async () => {
    const part = Buffer.concat([
      Buffer.from("--a\r\nContent-Encoding: gzip\r\n\r\n"),
      gzipSync(Buffer.alloc(900_000)),
      Buffer.from("\r\n"),
    ]);
    expect(await inspect(Buffer.concat(Array(2_000).fill(part)), undefined, contentType)).toMatchObject({
      kind: "opaque",
      code: "BodyTooLarge",
    });
  });
});
