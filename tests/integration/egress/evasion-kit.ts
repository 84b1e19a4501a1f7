import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Rule } from "../../../sidecars/detection/rule.ts";
import { rules } from "../../../sidecars/detection/rules.ts";

/** A secret as it is shaped in life, made up, which one rule must find. */
export interface Secret {
  readonly rule: Rule;
  readonly text: string;
}

/** A password in YAML stands in a line of its own. */
const inItsFile = (id: string, text: string): string =>
  id === "secret-in-yaml" ? `# settings\n${text}\n` : text;

/** Every shape that every rule must find: keys, tokens, passwords, cards, accounts, phrases. */
export const secrets: readonly Secret[] = rules.flatMap((rule) =>
  rule.hits.map((hit) => ({ rule, text: inItsFile(rule.id, typeof hit === "string" ? hit : hit.join("")) })),
);

/** Backwards, words that count in either case and short ones are in too much. */
const readsBackwards = ({ anyCase, keywords = [], runs }: Rule): boolean =>
  anyCase !== true &&
  runs === undefined &&
  keywords.every((keyword) => keyword.length >= 4 && new Set(keyword).size > 2);
/** views that are put together from pieces, in which a card, a password or an account is met by chance */
const PUT_TOGETHER: ReadonlySet<string> = new Set([
  "added strings",
  "an array of characters",
  "backwards",
  "character codes",
]);
/** of what shows nothing of its coding; less is told from no other bytes */
const SHORTEST_BARE = 20;

/** Whether it is promised that a secret is found in a view; docs/security.md says where it is not. */
export function isPromised(view: string, { rule, text }: Secret): boolean {
  if (rule.whole === true && PUT_TOGETHER.has(view)) return false;
  if (view === "backwards") return readsBackwards(rule);
  if (view === "bare deflate" || view === "brotli") return views[view]!(text).length >= SHORTEST_BARE;
  return view !== "added strings" || !text.includes('"');
}

const bytesOf = (text: string): Buffer => Buffer.from(text, "utf8");
const hexOf = (text: string): string => bytesOf(text).toString("hex");
const pairs = (text: string, before: string, after = ""): string =>
  hexOf(text).replace(/../g, `${before}$&${after}`);
const base64 = (text: string): string => bytesOf(text).toString("base64");

function base32(text: string): string {
  const bits = [...bytesOf(text)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return (bits.padEnd(Math.ceil(bits.length / 5) * 5, "0").match(/.{5}/g) ?? [])
    .map((five) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[Number.parseInt(five, 2)])
    .join("");
}

const wide = (text: string): string =>
  text.replace(/[A-Za-z0-9]/g, (letter) => String.fromCodePoint(letter.charCodeAt(0) + 0xfee0));
const cyrillic = (text: string): string =>
  text.replace(/[aceopxyACEHKMOPTX]/g, (letter) => {
    const at = "aceopxyACEHKMOPTX".indexOf(letter);
    return "асеорхуАСЕНКМОРТХ"[at] ?? letter;
  });

/** Ways to write a text so that it is another one, by name. */
export const views: Readonly<Record<string, (text: string) => string | Buffer>> = {
  "as it is": (text) => text,
  base64,
  "base64 without padding": (text) => base64(text).replace(/=+$/, ""),
  base64url: (text) => bytesOf(text).toString("base64url"),
  "base64 in lines": (text) =>
    base64(`${"x".repeat(30)} ${text} ${"y".repeat(40)}`).replace(/.{20}/g, "$&\r\n"),
  "base64 in fours": (text) => base64(text).replace(/.{4}/g, "$& "),
  "base64 twice": (text) => base64(base64(text)),
  base32,
  "base32 in lower case": (text) => base32(text).toLowerCase(),
  hexadecimal: hexOf,
  "hexadecimal in capitals": (text) => hexOf(text).toUpperCase(),
  "hexadecimal with colons": (text) => pairs(text, "", ":"),
  "hexadecimal with spaces": (text) => pairs(text, "", " "),
  "hexadecimal with dashes": (text) => pairs(text, "", "-"),
  "hexadecimal with 0x": (text) => pairs(text, "0x", ", "),
  "\\x escapes": (text) => pairs(text, "\\x"),
  "character codes": (text) => [...bytesOf(text)].join(", "),
  "percent-encoding": (text) => pairs(text, "%"),
  "percent-encoding three times": (text) => pairs(text, "%2525"),
  "%u escapes": (text) => pairs(text, "%u00"),
  "\\u escapes": (text) => pairs(text, "\\u00"),
  "\\u{} escapes": (text) => pairs(text, "\\u{", "}"),
  "decimal entities": (text) => [...text].map((one) => `&#${one.charCodeAt(0)};`).join(""),
  "hexadecimal entities": (text) => pairs(text, "&#x", ";"),
  "quoted-printable": (text) => pairs(text, "=").toUpperCase(),
  "fullwidth letters": wide,
  "cyrillic letters": cyrillic,
  "zero-width spaces": (text) => [...text].join("\u200b"),
  "soft hyphens": (text) => [...text].join("\u00ad"),
  backwards: (text) => [...text].toReversed().join(""),
  "UTF-16": (text) => Buffer.from(text, "utf16le"),
  "UTF-16 with the high byte first": (text) => Buffer.from(text, "utf16le").swap16(),
  "UTF-32": (text) => Buffer.from([...text].flatMap((one) => [one.charCodeAt(0), 0, 0, 0])),
  "an array of characters": (text) => JSON.stringify([...text]),
  "added strings": (text) => (text.match(/[^]{1,5}/g) ?? []).map((part) => JSON.stringify(part)).join(" + "),
  gzip: gzipSync,
  zstd: zstdCompressSync,
  deflate: deflateSync,
  "bare deflate": (text) => deflateRawSync(text),
  brotli: (text) => brotliCompressSync(text),
  "gzip three times": (text) => gzipSync(gzipSync(gzipSync(text))),
  "base64 of gzip": (text) => gzipSync(text).toString("base64"),
  "percent-encoding of base64": (text) => encodeURIComponent(base64(text)),
  "base64 of \\u escapes": (text) => base64(pairs(text, "\\u00")),
  "hexadecimal of base64 of percent-encoding": (text) => hexOf(base64(pairs(text, "%"))),
};

/** The parts of a text, as many as are asked for. */
export function splitIn(text: string, count: number): string[] {
  const size = Math.ceil(text.length / count);
  return Array.from({ length: count }, (_, at) => text.slice(at * size, (at + 1) * size)).filter(
    (part) => part !== "",
  );
}

const SLICE = 1_000;
const MOST_OF_ONE = 24 * SLICE;

/** Bodies that hold no secret: what agents send all day, of files below a folder. */
export function* benignBodies(root: string): Generator<readonly [name: string, bytes: Buffer]> {
  let turn = 0;
  for (const path of sourcesBelow(root)) {
    const bytes = readFileSync(path);
    for (let at = 0; at < Math.min(bytes.length, MOST_OF_ONE); at += SLICE)
      yield [`${path}:${at}`, asMessage(bytes.subarray(at, at + SLICE), turn++)];
  }
}

/** As the file, or quoted in a conversation with a model, or in base64. */
function asMessage(bytes: Buffer, turn: number): Buffer {
  if (turn % 3 === 0) return bytes;
  const content = turn % 3 === 1 ? bytes.toString("utf8") : bytes.toString("base64");
  const id = hexOf(`${turn * 7919}-${turn}`)
    .padStart(32, "0")
    .slice(0, 32);
  return Buffer.from(
    JSON.stringify({
      model: "claude-sonnet",
      metadata: { user_id: id, request: crypto.randomUUID(), at: 1_700_000_000_000 + turn * 7919 },
      env: { CLAUDE_CODE_OAUTH_TOKEN: "egress-placeholder", API_KEY: "bb-placeholder-5f3c9a" },
      messages: [{ role: "user", content }],
    }),
  );
}

/** caches, and what has secrets for examples */
const SKIPPED =
  /^\.|detection|evasion|secret|credential|gitleaks|scrub|test-vectors|fixtures|\.test\.|-kit\.|^bip39$|^jose$|^hpagent$|^transports\.md$/i;

function* sourcesBelow(folder: string): Generator<string> {
  const names = readdirSync(folder).filter((name) => !SKIPPED.test(name));
  for (const name of names.toSorted()) {
    const path = join(folder, name);
    const about = statSync(path, { throwIfNoEntry: false });
    if (about?.isDirectory() === true) yield* sourcesBelow(path);
    else if (about?.isFile() === true && about.size < 4_000_000) yield path;
  }
}
