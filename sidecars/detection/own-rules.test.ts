import { describe, expect, it } from "vitest";
import { readGitleaksRules } from "./gitleaks-rules.ts";
import { createDetector, createFragmentRing } from "./index.ts";
import type { OwnRule } from "./own-rules.ts";

const aRule = (over: Partial<OwnRule> = {}): OwnRule => ({
  id: "ticket",
  pattern: "ACME-(?<secret>[0-9]{6})",
  keywords: ["ACME-"],
  anyCase: false,
  ...over,
});
const inspect = (rule: OwnRule, text: string, destination?: string) =>
  createDetector({ knownValues: [], ownRules: [rule] }).inspectBody(
    { bytes: Buffer.from(text) },
    { destination },
  );

describe("an owner's rule", () => {
  it("finds its pattern, in encodings too, and tells the shape alone", async () => {
    const finding = { rule: "ticket", shape: "1…(6)" };
    expect(await inspect(aRule(), "see ACME-123456")).toMatchObject({ kind: "found", finding });
    const hidden = Buffer.from("the ticket is ACME-123456").toString("base64");
    expect(await inspect(aRule(), `{"a":"${hidden}"}`)).toMatchObject({ kind: "found", finding });
    expect(await inspect(aRule(), "see ACME-12345")).toEqual({ kind: "clean" });
  });

  it("finds it far into a body, with a keyword and without", async () => {
    const text = `${"lorem ipsum ".repeat(20_000)}ACME-123456`;
    expect(await inspect(aRule(), text)).toMatchObject({ kind: "found" });
    expect(await inspect(aRule({ keywords: [] }), text)).toMatchObject({ kind: "found" });
  });

  it("counts case or not, as it says", async () => {
    expect(await inspect(aRule(), "acme-123456")).toEqual({ kind: "clean" });
    expect(await inspect(aRule({ anyCase: true }), "acme-123456")).toMatchObject({ kind: "found" });
  });

  it("lets it pass to the hosts that it names, and to no other", async () => {
    const rule = aRule({ allowHosts: ["tickets.example.com", "*.acme.example"] });
    for (const host of ["tickets.example.com", "a.acme.example"])
      expect(await inspect(rule, "ACME-123456", host)).toEqual({ kind: "clean" });
    for (const host of ["evil.example", "acme.example", "evilacme.example"])
      expect(await inspect(rule, "ACME-123456", host)).toMatchObject({ kind: "found" });
  });

  it.each([
    ["went to a host that it names", aRule({ allowHosts: ["tickets.example.com"] })],
    ["went before there was a rule", undefined],
  ])(
    "does not refuse what comes after a match that %s, and finds pieces all the same",
    async (_what, before) => {
      const fragments = createFragmentRing();
      const send = (rule: OwnRule | undefined, text: string, destination: string) =>
        createDetector({ knownValues: [], ownRules: rule === undefined ? [] : [rule] }).inspectBody(
          { bytes: Buffer.from(text) },
          { destination, fragments },
        );
      const rule = aRule({ allowHosts: ["tickets.example.com"] });
      expect(await send(before, "ACME-123456", "tickets.example.com")).toEqual({ kind: "clean" });
      for (const text of ["xK29fjQ0s8ZbW3mL5tYv", "hello world", "another-1234-text"])
        expect(await send(rule, text, "other.example")).toEqual({ kind: "clean" });
      expect(await send(rule, "ACME-12", "other.example")).toEqual({ kind: "clean" });
      expect(await send(rule, "3456", "other.example")).toMatchObject({ kind: "found" });
    },
  );

  it("does not forget, with a match that a host may be sent, the piece that came behind it", async () => {
    const ownRules = [aRule({ allowHosts: ["tickets.example.com"] })];
    const [detector, fragments] = [createDetector({ knownValues: [], ownRules }), createFragmentRing()];
    const send = (text: string, destination: string) =>
      detector.inspectBody({ bytes: Buffer.from(text) }, { destination, fragments });
    const token = `ghp_${"x7Kq2LmZ9vBt4RnW8sYd"}${"3HfJ6pGcQ1aUe5To"}`;
    expect(await send("ACME-123456", "tickets.example.com")).toEqual({ kind: "clean" });
    expect(await send(token.slice(0, 9), "tickets.example.com")).toEqual({ kind: "clean" });
    expect(await send(token.slice(9), "other.example")).toMatchObject({ kind: "found" });
  });

  it("takes linear time, however its pattern is nested", async () => {
    const rule = aRule({ pattern: "(a+)+$|([a-z]+)*X", keywords: ["a"] });
    // one that backtracks would try 2 to the power of 30,000 ways: that this ends is what counts
    expect(await inspect(rule, `${"a".repeat(30_000)}!`)).toEqual({ kind: "clean" });
  });

  it.each(["(?=x)ACME", "(ACME)\\1", "ACME("])(
    "that is not RE2 is refused without being quoted: %s",
    (pattern) => {
      const make = (): unknown => createDetector({ knownValues: [], ownRules: [aRule({ pattern })] });
      expect(make).toThrow(/^rule ticket: its pattern is not one of RE2/);
      expect(make).not.toThrow(pattern);
    },
  );
});

const toml = String.raw`
title = "rules of the house"
[[rules]]
id = "acme-key"
regex = '''(?i)\b(acme_(?P<kind>live|test)_[a-z0-9[:digit:]]{16})(?:['"\s;]|\z)'''
keywords = ["acme_"]
entropy = 3.0
[[rules.allowlists]]
stopwords = ["example"]
[[rules.allowlists]]
regexTarget = "line"
regexes = ['''allowed here''']
[[rules.allowlists]]
condition = "AND"
paths = ['''test/.*''']
regexes = ['''.*''']
[[rules]]
id = "acme-pair"
regex = '''user=(\w+) pass=(\w{8,})'''
secretGroup = 2
keywords = ["pass="]
[allowlist]
regexes = ['''^acme_test_0''']
`;

describe("rules in the form of gitleaks", () => {
  const detector = createDetector({ knownValues: [], gitleaksRules: toml });
  const kindOf = async (text: string) => (await detector.inspectBody({ bytes: Buffer.from(text) })).kind;

  it("find what gitleaks finds, with entropy, groups and the syntax of Go", async () => {
    const found = await detector.inspectBody({ bytes: Buffer.from('k = "ACME_live_h7gk2pq9xlm3vb8r"') });
    expect(found).toMatchObject({ finding: { rule: "acme-key", shape: "ACME…(26)" } });
    expect(await kindOf("acme_live_aaaaaaaaaaaaaaaa")).toBe("clean");
    const pair = await detector.inspectBody({ bytes: Buffer.from("user=me pass=h7gk2pq9") });
    expect(pair).toMatchObject({ finding: { rule: "acme-pair", shape: "h…(8)" } });
  });

  it.each([
    ["a stopword", "acme_live_example7gk2pq9xl"],
    ["a line that is allowed", "acme_live_h7gk2pq9xlm3vb8r is allowed here"],
    ["what the whole file allows", "acme_test_0h7gk2pq9xlm3vb8"],
  ])("let pass: %s", async (_what, text) => {
    expect(await kindOf(text)).toBe("clean");
  });

  it("take no allowance of paths, which a request has none of", async () => {
    expect(await kindOf("acme_live_h7gk2pq9xlm3vb8r")).toBe("found");
  });

  it.each([
    ["[[rules]\nid = 'very secret text'", /^it is not TOML: line 1, column \d+$/],
    ["[[rules]]\nregex = 'a'", /^rules\.0\.id: /],
    ["[[rules]]\nid = 'a'", "rule a has no regex"],
    [
      "[[rules]]\nid = 'a'\npath = 'b'",
      "rule a is for some paths alone, and a request has none: take path out",
    ],
    [
      "[[rules]]\nid = 'canary'\nregex = 'a'",
      "rule canary has a name that is used for known values: give it another id",
    ],
    ["[extend]\npath = 'other.toml'", "extend.path names a file, and there is none to read"],
  ])("that are wrong are refused with what and where: %s", (text, expected) => {
    const read = readGitleaksRules(text);
    expect(read).toEqual({ kind: "errors", errors: [expect.stringMatching(expected)] });
    expect(() => createDetector({ knownValues: [], gitleaksRules: text })).toThrow(
      "gitleaksRules cannot be used",
    );
    expect(JSON.stringify(read)).not.toContain("very secret text");
  });

  it("name the rule whose regex is wrong", () => {
    const broken = "[[rules]]\nid = 'a-rule'\nregex = '(?=x)'";
    expect(() => createDetector({ knownValues: [], gitleaksRules: broken })).toThrow(
      /^rule a-rule: its pattern/,
    );
  });
});
