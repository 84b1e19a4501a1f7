import zlib from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inflateBlindly, isOpaque } from "../../sidecars/detection/blind-inflate.ts";
import { decodeContent, mostDecodedBytes } from "../../sidecars/detection/content-coding.ts";
import { type Coding, inflate, inflateRaw, sniffCoding } from "../../sidecars/detection/inflate.ts";
import { partsOf } from "../../sidecars/detection/multipart.ts";
import { ContentDecoder } from "../../sidecars/egress/scrub/content-decoder.ts";
import { fuzzTime } from "./fuzz-time.ts";

/**
 * Whatever compressed bytes come: each decoder ends, says so in its declared ways, and gives out no more than its bound.
 * What was compressed and not touched comes out as it went in, and the decoder of answers agrees with that of requests.
 */

const encoders: Readonly<Record<Coding, (bytes: Uint8Array, level: number) => Buffer>> = {
  gzip: (bytes, level) => zlib.gzipSync(bytes, { level }),
  "x-gzip": (bytes, level) => zlib.gzipSync(bytes, { level }),
  deflate: (bytes, level) => zlib.deflateSync(bytes, { level }),
  br: (bytes, level) =>
    zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: level } }),
  zstd: (bytes, level) =>
    zlib.zstdCompressSync(bytes, { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } }),
};
const codings = Object.keys(encoders) as Coding[];

const plain = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.string({ maxLength: 200 }).map((text) => Buffer.from(text)),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 3_000 }))
    .map(([bytes, times]) => Buffer.concat(Array.from({ length: times }, () => bytes))),
);
const compressed = fc
  .record({ coding: fc.constantFrom(...codings), plain, level: fc.integer({ min: 1, max: 9 }) })
  .map((one) => ({ ...one, bytes: encoders[one.coding](one.plain, one.level) }));

type Untouched = typeof compressed extends fc.Arbitrary<infer T> ? T : never;

type Change = (bytes: Buffer) => Buffer;
const place = fc.double({ min: 0, max: 1, noNaN: true });
const at = (bytes: Buffer, share: number): number => Math.floor(share * bytes.length);
/** What is done to compressed bytes: most of it near their beginning, where what they are is said. */
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(fc.nat(30), fc.nat(255)).map(
    ([index, byte]): Change =>
      (bytes) =>
        Buffer.from(bytes.map((old, here) => (here === index ? byte : old))),
  ),
  fc.tuple(place, fc.nat(255)).map(
    ([share, byte]): Change =>
      (bytes) =>
        Buffer.from(bytes.map((old, here) => (here === at(bytes, share) ? byte : old))),
  ),
  place.map(
    (share): Change =>
      (bytes) =>
        bytes.subarray(0, at(bytes, share)),
  ),
  place.map(
    (share): Change =>
      (bytes) =>
        bytes.subarray(at(bytes, share)),
  ),
  fc.uint8Array({ maxLength: 40 }).map(
    (more): Change =>
      (bytes) =>
        Buffer.concat([bytes, more]),
  ),
  fc.tuple(place, fc.uint8Array({ maxLength: 20 })).map(
    ([share, more]): Change =>
      (bytes) =>
        Buffer.concat([bytes.subarray(0, at(bytes, share)), more, bytes.subarray(at(bytes, share))]),
  ),
  compressed.map(
    ({ bytes: more }): Change =>
      (bytes) =>
        Buffer.concat([bytes, more]),
  ),
  fc.constant((bytes: Buffer) => Buffer.concat([bytes, bytes])),
);
const damaged = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc
    .tuple(compressed, fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([{ bytes }, changes]) => changes.reduce((so, act) => act(so), bytes)),
);
const cuts = fc.array(place, { maxLength: 6 });

function piecesOf(bytes: Buffer, shares: readonly number[]): Buffer[] {
  const borders = [0, ...shares.map((share) => at(bytes, share)).toSorted((a, b) => a - b), bytes.length];
  return borders.slice(1).map((end, index) => bytes.subarray(borders[index], end));
}

/** What the decoder of answers gives; undefined when it ends in an error. */
function decodeAnswer(coding: Coding, pieces: readonly Buffer[]): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const decoder = new ContentDecoder(coding);
    const chunks: Buffer[] = [];
    decoder.on("data", (chunk: Buffer) => chunks.push(chunk));
    decoder.once("end", () => resolve(Buffer.concat(chunks)));
    decoder.on("error", () => resolve(undefined));
    for (const piece of pieces) if (decoder.writable) decoder.write(piece);
    if (decoder.writable) decoder.end();
  });
}

/** One that does not come back is a finding, and not the end of the run. */
const time = { ...fuzzTime(6), timeout: 10_000 };
const share = { ...time, interruptAfterTimeLimit: time.interruptAfterTimeLimit / 4 };

describe("content decoders", () => {
  it(
    "give back what was compressed, in whatever pieces it comes",
    async () => {
      const one = fc.asyncProperty(compressed, cuts, async ({ coding, plain: went, bytes }, shares) => {
        const whole = { bytes: Buffer.from(went), end: "whole" };
        expect(await inflate(bytes, coding, went.length)).toEqual(whole);
        expect(await decodeAnswer(coding, piecesOf(bytes, shares))).toEqual(whole.bytes);
        if (went.length > 0) {
          expect((await inflate(bytes, coding, went.length - 1)).end).toBe("tooLarge");
        }
      });
      const nothing = new Uint8Array();
      // an empty body is a single byte of brotli
      const examples = codings.map((coding): [Untouched, number[]] => [
        { coding, plain: nothing, level: 1, bytes: encoders[coding](nothing, 1) },
        [],
      ]);
      await fc.assert(one, { ...share, examples });
    },
    time.timeoutMs,
  );

  it(
    "undo codings one around the other, or say why not",
    async () => {
      const names = fc.array(fc.constantFrom(...codings), { minLength: 1, maxLength: 3 });
      const one = fc.asyncProperty(plain, names, async (went, around) => {
        const bytes = around.reduce<Buffer>((so, coding) => encoders[coding](so, 5), Buffer.from(went));
        const decoded = await decodeContent(bytes, around.join(", "));
        if (decoded.kind === "opaque") expect(decoded.code).toBe("BodyTooLarge");
        else expect(Buffer.from(decoded.bytes)).toEqual(Buffer.from(went));
      });
      await fc.assert(one, share);
    },
    time.timeoutMs,
  );

  it(
    "end in a way that is declared, whatever the bytes, and give out no more than they may",
    async () => {
      const bound = fc.oneof(fc.nat(300), fc.constant(1_000_000));
      const coding = fc.constantFrom(...codings);
      const one = fc.asyncProperty(damaged, coding, bound, cuts, async (bytes, name, most, shares) => {
        const inflated = await inflate(bytes, name, most);
        const raw = await inflateRaw(bytes, most);
        const blind = isOpaque(bytes) ? await inflateBlindly(bytes, most) : [];
        for (const { bytes: output, end } of [inflated, raw, ...blind]) {
          expect(["whole", "broken", "tooLarge"]).toContain(end);
          expect(output.length).toBeLessThanOrEqual(most);
        }
        expect([undefined, ...codings]).toContain(sniffCoding(bytes));
        const answer = await decodeAnswer(name, piecesOf(bytes, shares));
        if (answer !== undefined && inflated.end === "whole") expect(answer).toEqual(inflated.bytes);
        const decoded = await decodeContent(bytes, name);
        if (decoded.kind === "opaque") expect(["BodyTooLarge", "BodyUndecodable"]).toContain(decoded.code);
        else expect(decoded.bytes.length).toBeLessThanOrEqual(mostDecodedBytes(bytes.length));
      });
      await fc.assert(one, share);
    },
    time.timeoutMs,
  );

  it(
    "take a body apart into parts that are no more than it",
    async () => {
      const marks = [
        "--b",
        "--b--",
        "\r\n",
        "\r\n\r\n",
        "content-encoding: gzip",
        "\u0001\0\0\0\u0005",
        "\xff\xff\xff\xff",
      ];
      const body = fc
        .array(
          fc.oneof(
            fc.constantFrom(...marks),
            damaged.map((bytes) => bytes.toString("latin1")),
          ),
          { maxLength: 12 },
        )
        .map((pieces) => pieces.join(""));
      const types = [
        "multipart/form-data; boundary=b",
        'multipart/mixed; boundary="b"',
        "application/grpc",
        "text/plain",
      ];
      const one = fc.property(body, fc.constantFrom(...types, undefined), (text, type) => {
        const parts = [...partsOf(text, type)];
        const length = parts.reduce((sum, { content }) => sum + content.length, 0);
        expect(length).toBeLessThanOrEqual(text.length);
        for (const { content } of parts) expect(text).toContain(content);
      });
      await fc.assert(one, share);
    },
    time.timeoutMs,
  );
});
