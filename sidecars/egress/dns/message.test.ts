import { describe, expect, it } from "vitest";
import { RCODES, readQuery, TYPES, writeAnswer, writeName } from "./message.ts";

/** numbers of two bytes, and bytes, one after the other */
const bytesOf = (...parts: readonly (number | Uint8Array | string)[]): Buffer =>
  Buffer.concat(
    parts.map((part) => {
      if (typeof part === "number") return Buffer.from([part >> 8, part & 0xff]);
      return typeof part === "string" ? Buffer.from(part, "latin1") : part;
    }),
  );
const RECURSION_DESIRED = 0x0100;
const EDNS = bytesOf("\0", TYPES.opt, 1232, 0, 0, 0);

interface Parts {
  readonly flags?: number;
  readonly counts?: readonly number[];
  readonly name?: Uint8Array | string;
  readonly type?: number;
  readonly class?: number;
  readonly rest?: Uint8Array;
}

function aQuery(parts: Parts = {}): Buffer {
  const {
    flags = RECURSION_DESIRED,
    counts = [1, 0, 0, 0],
    name = writeName("Api.Example"),
    rest = "",
  } = parts;
  return bytesOf(0x1234, flags, ...counts, name, parts.type ?? TYPES.a, parts.class ?? 1, rest);
}

const rcodeOf = (message: Buffer): string => {
  const read = readQuery(message);
  if (read.kind !== "refused") return read.kind;
  return Object.keys(RCODES).find((name) => RCODES[name as keyof typeof RCODES] === read.rcode) ?? "";
};

describe("a query", () => {
  it("is read: number, name in its own letters, type", () => {
    expect(readQuery(aQuery())).toEqual({
      kind: "question",
      query: {
        id: 0x1234,
        flags: RECURSION_DESIRED,
        question: bytesOf(writeName("Api.Example"), 1, 1),
        hasEdns: false,
      },
      question: { name: "Api.Example", type: TYPES.a },
    });
  });

  it("is read with EDNS, behind a record of any other kind and with options", () => {
    const cookie = bytesOf("\0", TYPES.opt, 512, 0, 0x8000, 12, 10, 8, "12345678");
    const signature = bytesOf(writeName("key.example"), 250, 255, 0, 0, 3, "abc");
    const pointing = bytesOf(0xc00c, 250, 255, 0, 0, 0);

    for (const [rest, count] of [
      [EDNS, 1],
      [cookie, 1],
      [bytesOf(signature, EDNS), 2],
      [bytesOf(pointing, EDNS), 2],
    ] as const)
      expect(readQuery(aQuery({ rest, counts: [1, 0, 0, count] }))).toMatchObject({
        kind: "question",
        query: { hasEdns: true },
      });
  });

  it("has no name that could be taken for another", () => {
    for (const label of ["a.b", "a b", "a\0", "\xe4", "a\n"]) {
      const name = bytesOf(String.fromCharCode(label.length), label, "\0");
      expect(readQuery(aQuery({ name }))).toMatchObject({ question: { name: undefined } });
    }
  });

  it("is ignored when it is none, or has no head", () => {
    expect(rcodeOf(Buffer.alloc(11))).toBe("ignored");
    expect(rcodeOf(aQuery({ flags: 0x8180 }))).toBe("ignored");
  });

  it.each<[string, string, Parts | Buffer]>([
    ["another operation", "notImplemented", { flags: 0x2800 }],
    ["another class", "refused", { class: 3 }],
    ["no question", "formatError", { counts: [0, 0, 0, 0] }],
    ["two questions", "formatError", { counts: [2, 0, 0, 0] }],
    ["an answer", "formatError", { counts: [1, 1, 0, 0] }],
    ["an authority", "formatError", { counts: [1, 0, 1, 0] }],
    ["nothing behind its head", "formatError", aQuery().subarray(0, 12)],
    ["half a name", "formatError", aQuery().subarray(0, 15)],
    ["half a type", "formatError", aQuery().subarray(0, -3)],
    ["a name that points to itself", "formatError", { name: bytesOf(0xc00c) }],
    ["a label of 64 bytes", "formatError", { name: bytesOf("\x40", "a".repeat(64), "\0") }],
    ["a name of 256 bytes", "formatError", { name: bytesOf("\x01a".repeat(127), "\x01", "\0") }],
    ["a record that is missing", "formatError", { counts: [1, 0, 0, 1] }],
    ["65535 records that are missing", "formatError", { counts: [1, 0, 0, 65_535] }],
    ["half a record", "formatError", { counts: [1, 0, 0, 1], rest: bytesOf("\0", TYPES.opt, 1, 0, 0, 9) }],
    ["EDNS twice", "formatError", { counts: [1, 0, 0, 2], rest: bytesOf(EDNS, EDNS) }],
    ["EDNS with a name", "formatError", { counts: [1, 0, 0, 1], rest: bytesOf("\x01a", EDNS) }],
    ["EDNS of a later version", "badVersion", { counts: [1, 0, 0, 1], rest: bytesOf("\0", 41, 1, 1, 0, 0) }],
  ])("with %s is answered %s", (_what, rcode, query) => {
    expect(rcodeOf(Buffer.isBuffer(query) ? query : aQuery(query as Parts))).toBe(rcode);
  });

  it("may have a name of 255 bytes", () => {
    const name = bytesOf("\x01a".repeat(127), "\0");
    expect(name.length).toBe(255);
    expect(readQuery(aQuery({ name })).kind).toBe("question");
  });
});

describe("an answer", () => {
  const answerTo = (message: Buffer, answer: Parameters<typeof writeAnswer>[1]): Buffer => {
    const read = readQuery(message);
    if (read.kind === "ignored") throw new Error("not answered");
    return writeAnswer(read.query, answer);
  };

  it("repeats the question to the letter and brings its records", () => {
    const records = [{ type: TYPES.a, data: Buffer.from([127, 9, 9, 9]) }];
    const answer = answerTo(aQuery(), { rcode: RCODES.noError, ttl: 5, records });
    const question = bytesOf(writeName("Api.Example"), 1, 1);
    const record = bytesOf(0xc00c, 1, 1, 0, 5, 4, "\x7f\x09\x09\x09");
    expect(answer).toEqual(bytesOf(0x1234, 0x8180, 1, 1, 0, 0, question, record));
  });

  it("has no question when none could be read", () => {
    const answer = answerTo(aQuery({ counts: [9, 0, 0, 0] }), { rcode: RCODES.formatError });
    expect(answer).toEqual(bytesOf(0x1234, 0x8181, 0, 0, 0, 0));
  });

  it("says why to who speaks EDNS, and to nobody else", () => {
    const refused = { rcode: RCODES.nameError, explanation: { code: 15, text: "no route" } };
    const withEdns = answerTo(aQuery({ rest: EDNS, counts: [1, 0, 0, 1] }), refused);
    const option = bytesOf(15, 10, 15, "no route");
    expect(withEdns.subarray(-25)).toEqual(bytesOf("\0", TYPES.opt, 512, 0, 0, option.length, option));
    expect(answerTo(aQuery(), refused).includes("no route")).toBe(false);
  });

  it("brings the upper bits of a code in EDNS", () => {
    const rest = bytesOf("\0", TYPES.opt, 1232, 1, 0, 0);
    const answer = answerTo(aQuery({ rest, counts: [1, 0, 0, 1] }), { rcode: RCODES.badVersion });
    expect([answer.readUInt16BE(2) & 0xf, answer.at(-6)]).toEqual([0, 1]);
  });

  it("fits into a datagram, whatever it explains", () => {
    const name = bytesOf("\x01a".repeat(127), "\0");
    const query = aQuery({ name, rest: EDNS, counts: [1, 0, 0, 1] });
    const text = "a".repeat(10_000);
    const answer = answerTo(query, { rcode: RCODES.nameError, explanation: { code: 15, text } });
    expect(answer.length).toBeLessThanOrEqual(512);
  });
});
