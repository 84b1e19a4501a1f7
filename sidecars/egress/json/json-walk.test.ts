import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placesOf } from "./json-rules.ts";
import { JsonWalk } from "./json-walk.ts";

const rules = placesOf([
  { at: "tools[].type", unless: /^fine$/, what: "a tool" },
  { at: "tools[].tools[].type", unless: /^fine$/, what: "a tool" },
  { at: "servers[]", what: "a server" },
  { at: "parts[]", only: ["text"], what: "a part" },
  { at: "model", when: /search/, what: "a model" },
]);

/** What a walk says of bytes, given in pieces of some size: the place, `unreadable` or `fine`. */
function walk(text: string | Buffer, size = Infinity): string {
  const bytes = Buffer.from(text as string);
  const walking = new JsonWalk(rules);
  for (let at = 0; at < bytes.length; at += Math.min(size, bytes.length)) {
    const end = walking.push(bytes.subarray(at, at + Math.min(size, bytes.length)));
    if (end !== undefined) return end.kind === "broken" ? end.rule.at : end.kind;
  }
  const end = walking.end();
  return end === undefined ? "fine" : end.kind === "broken" ? end.rule.at : end.kind;
}

const everySize = (text: string | Buffer): string[] => [
  ...new Set([1, 2, 3, 5, 64, Infinity].map((size) => walk(text, size))),
];

describe("a walk through JSON", () => {
  it.each([
    ["{}", "fine"],
    ['{"tools":[{"type":"fine"},{"type":"web_search"}]}', "tools[].type"],
    ['{"tools":[{"type":"fine","type":"web_search"}]}', "tools[].type"],
    ['{"tools":[{"type":"web_search"}],"tools":[]}', "tools[].type"],
    ['{"\\u0074o\\u006fls":[{"t\\u0079pe":"mcp"}]}', "tools[].type"],
    ['{"TOOLS":[{"Type":"mcp"}]}', "tools[].type"],
    ['{"tool\\u017f":[{"type":"mcp"}]}', "tools[].type"],
    ['{"tools\\u0000":[{"_type":"mcp"}]}', "tools[].type"],
    ['{"tools":{"type":"mcp"}}', "tools[].type"],
    ['{"tools":[[{"type":"mcp"}]]}', "tools[].type"],
    ['{"tools":[{"type":["mcp"]}]}', "tools[].type"],
    ['{"tools":[{"type":7}]}', "tools[].type"],
    ['{"tools":[{"type":null},{"type":"fine"}]}', "fine"],
    ['{"tools":[{"tools":[{"type":"mcp"}]}]}', "tools[].tools[].type"],
    ['[{"tools":[{"type":"mcp"}]}]', "tools[].type"],
    ['{"servers":[]}', "fine"],
    ['{"servers":null}', "fine"],
    ['{"servers":{}}', "servers[]"],
    ['{"servers":["a"]}', "servers[]"],
    ['{"servers":"a"}', "servers[]"],
    ['{"parts":[{"te_xt":1}]}', "fine"],
    ['{"parts":[{"text":1,"url":2}]}', "parts[]"],
    ['{"model":"research"}', "model"],
    ['{"model":"plain"}', "fine"],
    ['{"elsewhere":{"tools":[{"type":"mcp"}]},"text":"{\\"tools\\":[{\\"type\\":\\"mcp\\"}]}"}', "fine"],
    ['{"text":"\\\\","tools":[{"type":"mcp"}]}', "tools[].type"],
    ['{"text":"\\\\\\"","tools":[{"type":"mcp"}]}', "tools[].type"],
  ])("says of %s: %s", (text, expected) => {
    expect(everySize(text)).toEqual([expected]);
  });

  it.each([
    "",
    "{",
    "{}{}",
    '{"a":1}\n{"a":1}',
    "{'tools':[]}",
    "{tools:[]}",
    '{"a":1,}',
    "[1,]",
    '{"a" 1}',
    "[1 2]",
    "[tru]",
    "[01]",
    "[NaN]",
    "// a\n{}",
    "{}]",
    "[}",
    '{"a":"',
    '{"tools":[{"type":"\\x"}]}',
    "[".repeat(600),
  ])("reads nothing in %j", (text) => {
    expect(everySize(text)).toEqual(["unreadable"]);
  });

  it.each([
    ["UTF-16", Buffer.from('{"tools":[{"type":"mcp"}]}', "utf16le")],
    ["a byte order mark", Buffer.from("\ufeff{}")],
    ["a key that is no UTF-8", Buffer.from('{"to\xffols":[]}', "latin1")],
    ["gzip", Buffer.from([0x1f, 0x8b, 8, 0])],
  ])("reads nothing in %s", (_what, bytes) => {
    expect(everySize(bytes)).toEqual(["unreadable"]);
  });

  it("reads what JSON.parse reads and no more, wherever it is cut", () => {
    const document = fc.json({ maxDepth: 5 });
    const broken = fc
      .tuple(document, fc.nat(), fc.constantFrom(..."{}[]\",:\\ 1tx'"))
      .map(
        ([text, at, put]) => text.slice(0, at % (text.length + 1)) + put + text.slice(at % (text.length + 1)),
      );
    fc.assert(
      fc.property(fc.oneof(document, broken), fc.integer({ min: 1, max: 20 }), (text, size) => {
        const isRead = walk(text, size) !== "unreadable";
        expect(walk(text, size)).toBe(walk(text));
        // an escape that is none is looked at where a rule asks only
        if (isRead && !/\\[^"\\/bfnrtu]|\\u/.test(text))
          expect(() => JSON.parse(text) as unknown).not.toThrow();
        if (!isRead) expect(() => JSON.parse(text) as unknown).toThrow();
      }),
      { numRuns: 2_000 },
    );
  });
});
