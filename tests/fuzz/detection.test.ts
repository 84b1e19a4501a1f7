import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createDetector, createFragmentRing } from "../../sidecars/detection/index.ts";
import { characterClass, runsOf } from "../../sidecars/detection/runs.ts";
import { fuzzTime } from "./fuzz-time.ts";

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

const { seed, numRuns, timeoutMs, interruptAfterTimeLimit } = fuzzTime(10);
/** of the five properties each has as long */
const time = { seed, numRuns, interruptAfterTimeLimit: interruptAfterTimeLimit / 5 };

describe("the detector", { timeout: timeoutMs }, () => {
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
      time,
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
      time,
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
      time,
    );
  });

  it("says of a head that it met before what one says that never met it", async () => {
    const value = "7Gk2pQ9xLm3Vb8Rt5Yc1Nz6Wd4";
    const text = fc.oneof(
      fc.constantFrom(value, value.slice(0, 13), value.slice(13), Buffer.from(value).toString("base64")),
      fc.constantFrom("ghp" + "_16C7e42F292c6912E7710c838347Ae178B4a", "a", "b", "keep-alive"),
    );
    const head = fc.record({
      method: fc.constantFrom("GET", "POST"),
      host: fc.constantFrom("api.github.com", "a.example"),
      path: text.map((last) => `/v1/${last}`),
      headers: fc.array(fc.tuple(fc.constantFrom("x-a", "x-b", "user-agent"), text), { maxLength: 3 }),
    });
    const home = fc.constantFrom(undefined, "api.github.com");
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(head, home), { maxLength: 30 }), async (heads) => {
        const [detector, fragments, others] = [aDetector(value), createFragmentRing(), createFragmentRing()];
        for (const [each, passthroughTo] of heads) {
          const said = await detector.inspectHead(each, { fragments, passthroughTo });
          const expected = await aDetector(value).inspectHead(each, { fragments: others, passthroughTo });
          expect(said).toEqual(expected);
        }
      }),
      time,
    );
  });
});

describe("runsOf", { timeout: timeoutMs }, () => {
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
      time,
    );
  });
});
