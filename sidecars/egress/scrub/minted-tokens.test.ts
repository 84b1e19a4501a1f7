import { describe, expect, it } from "vitest";
import { mintedRules } from "./minted-rules.ts";
import { mintedPatterns } from "./minted-tokens.ts";
import { PatternTable } from "./pattern-table.ts";
import { type ScrubAccount, ScrubStream } from "./scrub-stream.ts";

const table = new PatternTable(mintedPatterns());

function scrubbed(text: string, size: number): { readonly text: string; readonly account: ScrubAccount } {
  const account: ScrubAccount = { count: 0, rule: undefined };
  const stream = new ScrubStream(table, account);
  let output = "";
  for (let at = 0; at < text.length; at += size) {
    output += stream.push(Buffer.from(text.slice(at, at + size), "latin1")).toString("latin1");
  }
  return { text: output + stream.end().toString("latin1"), account };
}

describe.each(mintedRules)("the rule $id", ({ id, hits, misses }) => {
  it.each(hits)("takes out the token, whatever its chunks: hit %#", (text) => {
    for (const size of [1, 7, text.length]) {
      const result = scrubbed(text, size);
      expect(result.account).toEqual({ count: 1, rule: id });
      expect(result.text).toContain(`egress-redacted-${id}`);
    }
  });

  it.each(misses)("lets pass what looks alike: miss %#", (text) => {
    for (const size of [1, 7, text.length]) {
      expect(scrubbed(text, size)).toEqual({ text, account: { count: 0, rule: undefined } });
    }
  });
});

describe("a minted token", () => {
  it("is left as it is when it goes on from a longer word", () => {
    const token = `npm_${"k7Qw2ZxV9mTr4LpN8cBs5HdY1gFj6KaE3uRt"}`;
    expect(scrubbed(`x${token} `, 5).text).toBe(`x${token} `);
    expect(scrubbed(`_${token} `, 5).text).toBe("_egress-redacted-npm-token ");
  });

  it("is told from the escape before it", () => {
    const token = `npm_${"k7Qw2ZxV9mTr4LpN8cBs5HdY1gFj6KaE3uRt"}`;
    expect(scrubbed(`"one\\n${token}\\nthree"`, 4).text).toBe('"one\\negress-redacted-npm-token\\nthree"');
  });

  it("keeps what stands around it: names, quotes, the rest of the document", () => {
    const value = "k7Qw2ZxV9mTr4LpN8cBs5HdY1gFj6KaE3uRtW0";
    expect(scrubbed(`{"access_token": "${value}", "scope": "repo"}`, 3).text).toBe(
      '{"access_token": "egress-redacted-credential-field", "scope": "repo"}',
    );
  });
});
