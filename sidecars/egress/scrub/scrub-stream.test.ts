import { describe, expect, it } from "vitest";
import { formsOfLeak, leakForms } from "../../../tests/fixtures/leak-forms.ts";
import { knownValuePatterns } from "./known-values.ts";
import { mintedPatterns } from "./minted-tokens.ts";
import { PatternTable } from "./pattern-table.ts";
import { type ScrubAccount, scrubbedWhole, ScrubStream } from "./scrub-stream.ts";

const PLACEHOLDER = "egress-placeholder-0123456789abcdef";
const KEY = "sk-ant-api03-q7Wz9LmX2vKp4TbN8cRs5HdYgFj6-AA";
/** with everything that encodings escape */
const PASSWORD = 'h7+Gk/2"pQ&9%41xL=m ü4';

const tableOf = (...values: string[]): PatternTable =>
  new PatternTable([
    ...knownValuePatterns([{ texts: values, placeholder: PLACEHOLDER }]),
    ...mintedPatterns(),
  ]);

function scrubbed(table: PatternTable, text: string, size = text.length): string {
  const stream = new ScrubStream(table, { count: 0, rule: undefined });
  let output = "";
  for (let at = 0; at < text.length; at += size) {
    output += stream.push(Buffer.from(text.slice(at, at + size), "latin1")).toString("latin1");
  }
  return output + stream.end().toString("latin1");
}

describe.each([
  ["a key", KEY],
  ["a password", PASSWORD],
])("%s that is given back", (_what, value) => {
  const table = tableOf(value);

  it.each(Object.keys(leakForms))("is taken out when written as %s, in chunks of any size", (form) => {
    const written = Buffer.from(leakForms[form]!(value), "utf8").toString("latin1");
    const text = `{"before": 1, "it": "${written}", "after": 2}\n`;
    for (const size of [1, 2, 3, 7, text.length]) {
      const output = scrubbed(table, text, size);
      expect(formsOfLeak(output, value)).toEqual([]);
      expect(output.startsWith('{"before": 1, "it": "')).toBe(true);
      expect(output.endsWith('", "after": 2}\n')).toBe(true);
    }
  });
});

describe("scrubbing", () => {
  it("puts the placeholder in the place of a value, in the value's own form where that keeps the text well-formed", () => {
    const table = tableOf(KEY);
    const bytes = [...Buffer.from(PLACEHOLDER)];
    expect(scrubbed(table, `"${KEY}"`)).toBe(`"${PLACEHOLDER}"`);
    expect(scrubbed(table, JSON.stringify([...KEY]))).toBe(JSON.stringify([...PLACEHOLDER]));
    expect(scrubbed(table, JSON.stringify([...Buffer.from(KEY)]))).toBe(JSON.stringify(bytes));
    expect(scrubbed(table, Buffer.from(KEY, "utf16le").toString("latin1"))).toBe(
      Buffer.from(PLACEHOLDER, "utf16le").toString("latin1"),
    );
  });

  it("gives a chunk out at once unless its end may be the beginning of a form", () => {
    const stream = new ScrubStream(tableOf(KEY), { count: 0, rule: undefined });
    const push = (text: string): string => stream.push(Buffer.from(text)).toString();
    expect(push("event: a\ndata: tools\n\n")).toBe("event: a\ndata: tools\n\n");
    expect(push("a line of asks\n")).toBe("a line of asks\n");
    expect(push('{"json": "lines"}\n')).toBe('{"json": "lines"}\n');
    expect(push("ends with sk-an")).toBe("ends with ");
    expect(push("swer\n")).toBe("sk-answer\n");
    expect(stream.end()).toHaveLength(0);
  });

  it("takes values that overlap out together, and the longer of two that begin alike", () => {
    const table = tableOf("abcd-1234-efgh", "efgh-5678-ijkl", "abcd-1234-efgh-9999");
    expect(scrubbed(table, "<abcd-1234-efgh-5678-ijkl>", 5)).toBe(`<${PLACEHOLDER}>`);
    expect(scrubbed(table, "<abcd-1234-efgh-9999>", 5)).toBe(`<${PLACEHOLDER}>`);
    expect(scrubbed(table, "<abcd-1234-efgh-9998>", 5)).toBe(`<${PLACEHOLDER}-9998>`);
  });

  it.each(["%A0 0010000234BC", "ünter-7Wz9LmX2", "%c3%bc-q7Wz9LmX2"])(
    "finds %s, which begins beyond ASCII",
    (value) => {
      for (const size of [1, 5, 100]) {
        const written = Buffer.from(`<<${value}>>`).toString("latin1");
        const output = scrubbed(tableOf(value), written, size);
        expect(output).toContain(PLACEHOLDER);
        expect(output).not.toContain(value.slice(-10));
      }
    },
  );

  it("finds a value after what looks like the beginning of an escape", () => {
    for (const before of ["\\", "\\\\", "%", "%2", "&", "&amp", "&#", "\\u", "\\x4", "=", "%25"]) {
      expect(formsOfLeak(scrubbed(tableOf(KEY), `${before}${KEY}`, 4), KEY)).toEqual([]);
      expect(
        formsOfLeak(scrubbed(tableOf("nasty-token-value-1234"), `${before}nasty-token-value-1234`), KEY),
      ).toEqual([]);
    }
  });

  it.each(["&amp;", "amp;", "\\", "%25", "25", "\\r", "\\n", "\r", "&", "ghs_", "sk-ant-", "s.k.", "=\r"])(
    "takes what is escaped or begun without end as it comes, in time that grows with its length: %j",
    (piece) => {
      const text = `&${piece.repeat(100_000)}`;
      expect(scrubbed(tableOf(KEY), text, 16_384)).toBe(text);
    },
  );

  it("counts each, and names the first rule", () => {
    const account: ScrubAccount = { count: 0, rule: undefined };
    scrubbedWhole(Buffer.from(`${KEY} and ${KEY}`), tableOf(KEY), account);
    expect(account).toEqual({ count: 2, rule: "known-value" });
  });

  it("leaves placeholders, and text that only begins like a value, as they are", () => {
    const text = `export TOKEN=${PLACEHOLDER}; sk-ant-api03-... sk-ant-api03-q7Wz9LmX egress-placeholder`;
    for (const size of [1, 5, text.length]) expect(scrubbed(tableOf(KEY), text, size)).toBe(text);
  });
});
