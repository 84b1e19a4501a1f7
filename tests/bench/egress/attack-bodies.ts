import { gzipSync } from "node:zlib";

/** A request that is as much work as its bytes can make. */
export interface Attack {
  readonly what: string;
  /** default: `/` */
  readonly path?: string;
  readonly headers: readonly string[];
  readonly body: Buffer;
}

const MEGABYTE = 1_000_000;
/** what patterns begin with, and never a whole one */
const KEYWORDS =
  "ghp_ AKIA sk-ant- glpat- xoxb- sk_live_ AIza npm_ pypi- eyJ -----BEGIN password=secret_access_key token: bearer ";

const filled = (text: string, bytes = MEGABYTE): string =>
  text.repeat(Math.ceil(bytes / text.length)).slice(0, bytes);
const json = (what: string, body: string | Buffer): Attack => ({
  what,
  headers: ["Content-Type: application/json"],
  body: Buffer.from(body),
});

function base64Within(depth: number): string {
  let text = filled(KEYWORDS, 300_000);
  for (let level = 0; level < depth; level += 1) text = Buffer.from(text).toString("base64");
  return text.slice(0, MEGABYTE);
}

function multipart(parts: number): Attack {
  const part = `--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nghp_\r\n`;
  const headers = ["Content-Type: multipart/form-data; boundary=b"];
  return {
    what: `multipart of ${parts} parts`,
    headers,
    body: Buffer.from(`${part.repeat(parts)}--b--\r\n`),
  };
}

const form = (what: string, type: string, body: string): Attack => ({
  what,
  headers: [`Content-Type: ${type}`],
  body: Buffer.from(body),
});
const atPath = (what: string, path: string): Attack => ({ ...json(what, "{}"), path });

/** For a route with a credential: paths that look like endpoints, documents, forms and JSON that are read. */
export const guardedAttacks: readonly Attack[] = [
  atPath("a path of one endpoint's beginnings", `/${filled("api/v4/", 8_190)}`),
  atPath(
    "a path of a project, almost",
    `/${filled("api/v4/projects/", 4_000)}${filled("/protected_a-", 4_000)}`,
  ),
  atPath("a path of LFS, almost", `/${filled("info/lfs/objects/batch/", 8_000)}x`),
  atPath("a path of slashes", `/a${filled("/", 60_000)}a`),
  atPath("a path of 60 KB", `/${filled("api/v4/", 60_000)}`),
  { ...json("a document of GraphQL", `{"query":"${filled("createcreate", 250_000)}"}`), path: "/graphql" },
  { ...json("nested arrays, walked", "[".repeat(MEGABYTE / 2)), path: "/v1/responses" },
  { ...json("values that are asked about", `{"tools":[${filled('{"type":"function"},', 990_000)}{}]}`) },
  json("keys without end", `{"${filled("tools", 999_000)}":1}`),
  json("types of content, walked", `{"messages":[${filled('{"content":[{"type":"text"}]},', 990_000)}{}]}`),
  form("parts named _method", "multipart/form-data; boundary=b", filled("; name=_method")),
  form("fields named _method", "application/x-www-form-urlencoded", filled("_method=POST&")),
  form("fields named _method, almost", "application/x-www-form-urlencoded", filled("&  _metho%64  ")),
  {
    ...json("a charset of spaces", "{}"),
    headers: [`Content-Type: application/json; charset${" ".repeat(60_000)}`],
  },
];

/** None is larger than a megabyte. */
export const attacks: readonly Attack[] = [
  json("words", filled("the value of an index in an array ")),
  json("keywords alone", filled(KEYWORDS)),
  json("one keyword, without spaces", filled("ghp_")),
  json("nested arrays", "[".repeat(MEGABYTE / 2) + "]".repeat(MEGABYTE / 2)),
  json("nested objects", filled('{"a":')),
  json("small values of JSON", `[${filled('"password",', MEGABYTE - 12)}"x"]`),
  json("escapes of JSON", `"${filled("\\u0067\\u0068\\u0070\\u005f", MEGABYTE - 2)}"`),
  json("quotes and backslashes", filled('\\"\\\\')),
  json("percent within percent", filled("%252525")),
  json("percent of keywords", filled("%67%68%70%5f")),
  json("HTML entities", filled("&#103;&#x68;&amp;&lt;")),
  json("base64 in base64", base64Within(3)),
  json("short runs of base64", filled("Z2hwX0FLSUFzay1hbnQt ")),
  json("hexadecimal", filled("6768705f")),
  json("digits", filled("4111 1111 1111 1112 ")),
  json("letters and digits alone", filled("aB3dE5fG7hJ9")),
  json("full-width letters", filled("ｇｈｐ＿")),
  json("zero-width spaces", filled("g\u200bh\u200bp\u200b_\u200b")),
  json("words of seed phrases", filled("abandon ability able about above absent ")),
  json("a URL with a password, almost", filled("postgres://user:")),
  multipart(9_000),
  { ...json("a bomb in gzip", gzipSync(Buffer.alloc(100 * MEGABYTE))), headers: ["Content-Encoding: gzip"] },
  {
    ...json("keywords in gzip", gzipSync(filled(KEYWORDS, 8 * MEGABYTE))),
    headers: ["Content-Encoding: gzip"],
  },
  {
    what: "headers of 2 KB that end in a space of Latin-1",
    headers: Array.from({ length: 30 }, (_, index) => `x-${index}: ${filled("a", 2_000)}\u00a0`),
    body: Buffer.from("x"),
  },
  { what: "10,000 headers", headers: Array.from({ length: 10_000 }, () => "a:b"), body: Buffer.from("x") },
];
