import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { knownValuePatterns } from "../../sidecars/egress/scrub/known-values.ts";
import { mintedPatterns } from "../../sidecars/egress/scrub/minted-tokens.ts";
import { PatternTable } from "../../sidecars/egress/scrub/pattern-table.ts";
import { type ScrubAccount, ScrubStream } from "../../sidecars/egress/scrub/scrub-stream.ts";
import { formsOfLeak, isMoreThanAnyText, isTelling, leakForms } from "../fixtures/leak-forms.ts";
import { fuzzTime } from "./fuzz-time.ts";

const effort = fuzzTime(6);

const PLACEHOLDER = "egress-placeholder";
const minted = mintedPatterns();
const tableOf = (texts: readonly string[]): PatternTable =>
  new PatternTable([...knownValuePatterns([{ texts, placeholder: PLACEHOLDER }]), ...minted]);

function scrubbed(
  table: PatternTable,
  bytes: Buffer,
  sizes: readonly number[],
): { output: Buffer; count: number } {
  const account: ScrubAccount = { count: 0, rule: undefined };
  const stream = new ScrubStream(table, account);
  const output: Buffer[] = [];
  let chunks = 0;
  for (let at = 0; at < bytes.length; chunks += 1) {
    const end = at + 1 + (sizes[chunks % sizes.length] ?? 0);
    output.push(stream.push(bytes.subarray(at, end)));
    at = end;
  }
  return { output: Buffer.concat([...output, stream.end()]), count: account.count };
}

/** what a key or a password may be; docs/security.md says what of backslashes and of references */
const aValue = fc
  .string({ unit: "grapheme-ascii", minLength: 20, maxLength: 60 })
  .map((text) => text.replaceAll("\\", "/").replaceAll("&#", "&+").trim())
  .filter(isTelling);
const aForm = fc.constantFrom(...Object.keys(leakForms));
const sizes = fc.array(fc.oneof(fc.constant(0), fc.nat(8), fc.nat(300)), { minLength: 1, maxLength: 12 });
/** what answers are made of, and what nearly looks like an escape */
const aPiece = fc.oneof(
  fc.lorem(),
  fc.constantFrom(
    '{"a":"',
    '","b":[',
    "\\n",
    "\\u00e9",
    "%20",
    "&quot;",
    "&amp;",
    "&#x2f;",
    "\r\n\r\n",
    "</p><p>",
    "=",
  ),
  fc.constantFrom(
    "%",
    "%2",
    "\\",
    "\\u",
    "\\u00",
    "&",
    "&#",
    "&am",
    "ghs_",
    "sk-ant-api03-",
    '"access_token": {',
    "\0",
  ),
  fc.string({ unit: "binary-ascii", maxLength: 40 }),
);
/** pieces may come to stand as a whole token, which is not to pass */
const looksMinted = /(?:ghs_|sk-ant-api03-)[\w.-]{30}/;
const aText = fc.array(aPiece, { maxLength: 12 }).map((pieces) => pieces.join(""));
/** what ends here cannot belong to what follows, however it is escaped */
const anEnd = fc.constantFrom(" ", '{"x": "', "<p>", "\n", "data: ", "key=<", ", ");

const aSurrounding = fc.tuple(aText, anEnd, aText);

describe("the scrubber", () => {
  it(
    "finds a value wherever it stands, whatever the chunks",
    () => {
      fc.assert(
        fc.property(aValue, aForm, aSurrounding, sizes, (value, form, [before, end, after], cuts) => {
          const written = leakForms[form]!(value);
          const bytes = Buffer.from(`${before}${end}${written} ${after}`, "latin1");
          const { output, count } = scrubbed(tableOf([value]), bytes, cuts);
          expect(formsOfLeak(output.toString("latin1"), value)).not.toContain(form);
          expect(count).toBeGreaterThan(0);
        }),
        effort,
      );
    },
    effort.timeoutMs,
  );

  it(
    "passes everything else byte for byte",
    () => {
      const held = ["the-held-token-q7Wz9LmX2vKp4TbN8cRs", "user:h7+Gk/2pQ=9vXz_L4m.T"];
      const table = tableOf(held);
      const beginning = fc
        .tuple(fc.constantFrom(...held), aForm, fc.nat(60))
        .map(([value, form, length]) => `${leakForms[form]!(value).slice(0, Math.min(length, 10))}!`);
      const text = fc.array(fc.oneof(aPiece, beginning), { maxLength: 20 }).map((pieces) => pieces.join(""));
      const anyBytes = fc.oneof(
        text.map((one) => Buffer.from(one, "latin1")),
        fc.uint8Array({ maxLength: 2000 }).map((one) => Buffer.from(one)),
      );
      fc.assert(
        fc.property(anyBytes, sizes, (bytes, cuts) => {
          fc.pre(!looksMinted.test(bytes.toString("latin1")));
          const { output, count } = scrubbed(table, bytes, cuts);
          expect(output.equals(bytes)).toBe(true);
          expect(count).toBe(0);
        }),
        effort,
      );
    },
    effort.timeoutMs,
  );

  it(
    "leaves none of several values that overlap",
    () => {
      fc.assert(
        fc.property(aValue, fc.nat(50), sizes, (text, at, cuts) => {
          const middle = 6 + (at % (text.length - 12));
          const values = [text.slice(0, middle + 6), text.slice(middle - 6), text].map((one) => one.trim());
          const { output } = scrubbed(tableOf(values), Buffer.from(`<<${text}>>`, "latin1"), cuts);
          for (const value of values) {
            if (isMoreThanAnyText(value)) expect(output.toString("latin1")).not.toContain(value);
          }
        }),
        effort,
      );
    },
    effort.timeoutMs,
  );
});
