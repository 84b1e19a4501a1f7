import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createDetector } from "../../sidecars/detection/index.ts";
import { characterClass, runsOf } from "../../sidecars/detection/runs.ts";

type Encoding = (text: string) => string;

/** Encodings that the detector undoes, by name; each may be wrapped in another. */
const encodings: Readonly<Record<string, Encoding>> = {
  base64: (text) => Buffer.from(text).toString("base64"),
  "base64 in lines": (text) => Buffer.from(text).toString("base64").replace(/.{40}/g, "$&\r\n"),
  hex: (text) => Buffer.from(text).toString("hex"),
  percent: (text) => Buffer.from(text).toString("hex").replace(/../g, "%$&"),
  "component-encoded": encodeURIComponent,
  JSON: (text) => JSON.stringify(text),
  "unicode escapes": (text) =>
    text.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
};
const codings = {
  identity: (bytes: Buffer) => bytes,
  gzip: gzipSync,
  br: brotliCompressSync,
  deflate: deflateSync,
  zstd: zstdCompressSync,
};

const aSecret = fc
  .string({ unit: "grapheme-ascii", minLength: 16, maxLength: 60 })
  .filter((text) => new Set(text).size > 8);
const aDetector = (value: string) => createDetector({ knownValues: [{ id: "s/k", value }] });

describe("the detector", () => {
  it("finds a known value under any two encodings and any content coding", async () => {
    await fc.assert(
      fc.asyncProperty(
        aSecret,
        fc.array(fc.constantFrom(...Object.keys(encodings)), { maxLength: 2 }),
        fc.constantFrom(...(Object.keys(codings) as (keyof typeof codings)[])),
        fc.lorem(),
        async (secret, wraps, contentEncoding, words) => {
          const hidden = wraps.reduce(
            (text, wrap) => encodings[wrap]?.(text) ?? text,
            `${words} ${secret} ${words}`,
          );
          const bytes = codings[contentEncoding](Buffer.from(`{"note": ${hidden}}`));

          expect(await aDetector(secret).inspectBody({ bytes, contentEncoding })).toMatchObject({
            kind: "found",
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  it("answers for any bytes under any headers, and never throws", async () => {
    const detector = aDetector("a-value-that-is-not-there");
    const header = fc.oneof(
      fc.constantFrom("gzip", "br", "zstd", "deflate", "multipart/form-data; boundary=a", "application/json"),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 2000 }),
        header,
        header,
        async (bytes, contentType, contentEncoding) => {
          expect(["clean", "found", "opaque"]).toContain(
            (await detector.inspectBody({ bytes, contentType, contentEncoding })).kind,
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it("finds a known value in a stream however it is cut", () => {
    fc.assert(
      fc.property(aSecret, fc.array(fc.nat(40), { minLength: 1, maxLength: 20 }), (secret, sizes) => {
        const search = aDetector(secret).streamSearch("body");
        const bytes = Buffer.from(`some words before ${secret} and some after`);
        let found = false;
        for (let from = 0, turn = 0; from < bytes.length; turn += 1) {
          const size = 1 + (sizes[turn % sizes.length] ?? 0);
          found ||= search.push(bytes.subarray(from, from + size)) !== undefined;
          from += size;
        }
        expect(found).toBe(true);
      }),
    );
  });
});

describe("runsOf", () => {
  it("finds what the regular expression finds", () => {
    const hex = characterClass("0123456789abcdef");
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."0af gz"), maxLength: 200 }),
        fc.integer({ min: 1, max: 20 }),
        (text, min) => {
          const expected = [...text.matchAll(new RegExp(`[0-9a-f]{${min},}`, "g"))].map((match) => [
            match.index,
            match.index + match[0].length,
          ]);

          expect([...runsOf(Buffer.from(text), hex, min)]).toEqual(expected);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
