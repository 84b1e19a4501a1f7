import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RCODES, readQuery, writeAnswer, writeName } from "../../sidecars/egress/dns/message.ts";

const A_HEAD = [0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 1];

/** anything at all, and what comes close to a query */
const aMessage = fc.oneof(
  fc.uint8Array({ maxLength: 600 }),
  fc.uint8Array({ maxLength: 300 }).map((rest) => Uint8Array.from([...A_HEAD, ...rest])),
  fc
    .tuple(fc.domain(), fc.uint8Array({ maxLength: 60 }))
    .map(([name, rest]) => Uint8Array.from([...A_HEAD, ...writeName(name), 0, 1, 0, 1, ...rest])),
);

describe("a DNS message", () => {
  it("of any bytes is read or refused, and its answer repeats no more than number and question", () => {
    fc.assert(
      fc.property(aMessage, (bytes) => {
        const message = Buffer.from(bytes);
        const read = readQuery(message);
        if (read.kind === "ignored") return;
        const explanation = { code: 15, text: "x".repeat(1_000) };
        const answer = writeAnswer(read.query, { rcode: RCODES.nameError, explanation });

        expect(answer.length).toBeLessThanOrEqual(512);
        expect(answer.readUInt16BE(0)).toBe(message.readUInt16BE(0));
        expect(answer.readUInt16BE(2) & 0x8000).toBe(0x8000);
        const { question } = read.query;
        expect(message.subarray(12, 12 + question.length)).toEqual(answer.subarray(12, 12 + question.length));
      }),
      { numRuns: 20_000 },
    );
  });

  it("with a host in it is read as that host", () => {
    fc.assert(
      fc.property(fc.domain(), (host) => {
        const message = Buffer.from([...A_HEAD.slice(0, 11), 0, ...writeName(host), 0, 1, 0, 1]);
        expect(readQuery(message)).toMatchObject({ kind: "question", question: { name: host, type: 1 } });
      }),
      { numRuns: 2_000 },
    );
  });
});
