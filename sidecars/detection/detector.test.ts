import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createDetector } from "./index.ts";

const SECRET = 's3cr3t/Value+with~odd"chars';
const AWS = "AK" + "IAQ7ZK3M7XW2LTNB4V";
const detector = createDetector({ knownValues: [{ id: "claude/oauth-token", value: SECRET }] });
const inspect = (text: string | Uint8Array, about: { contentType?: string; contentEncoding?: string } = {}) =>
  detector.inspectBody({ bytes: Buffer.from(text), ...about });
const head = (over: object) =>
  detector.inspectHead({ method: "GET", host: "example.com", path: "/", headers: [], ...over });

const hex = Buffer.from(SECRET).toString("hex");
const FORMS: [string, string][] = [
  ["raw", SECRET],
  ["base64", Buffer.from(SECRET).toString("base64")],
  ["base64 at phase 1", Buffer.from(`x${SECRET}y`).toString("base64")],
  ["base64 at phase 2", Buffer.from(`xx${SECRET}yy`).toString("base64")],
  ["base64url", Buffer.from(`~~${SECRET}`).toString("base64url")],
  ["hex", hex],
  ["upper-case hex", hex.toUpperCase()],
  ["percent-encoded", encodeURIComponent(SECRET)],
  ["percent-encoded whole", hex.replace(/../g, "%$&")],
  ["percent-encoded twice", encodeURIComponent(encodeURIComponent(SECRET))],
  ["reversed", [...SECRET].reverse().join("")],
  ["JSON-escaped", JSON.stringify(SECRET)],
  ["unicode-escaped", hex.replace(/../g, "\\u00$&")],
  ["base64 of base64", Buffer.from(Buffer.from(SECRET).toString("base64")).toString("base64")],
  ["UTF-16", Buffer.from(SECRET, "utf16le").toString("latin1")],
];

describe("known values", () => {
  it.each(FORMS)("are found in a body as %s", async (_, text) => {
    expect(await inspect(`{"a": 1, "note": ${text}}`)).toMatchObject({
      kind: "found",
      finding: { rule: "known-value", shape: "claude/oauth-token" },
    });
  });

  it.each(FORMS)("are found in a path and a header as %s", async (_, text) => {
    expect(await head({ path: `/a?b=${text}` })).toMatchObject({ kind: "found" });
    expect(await head({ headers: [["X-Note", `n ${text}`]] })).toMatchObject({
      kind: "found",
      finding: { rule: "known-value" },
    });
  });

  it("are found in host labels, whatever the case", async () => {
    const name = `${hex.slice(0, 30)}.${hex.slice(30)}.example.com`;
    expect(await head({ host: name })).toMatchObject({ kind: "found", finding: { rule: "known-value" } });
  });

  it("are found without the line end that they had in a file", async () => {
    const fromFile = createDetector({ knownValues: [{ id: "s/k", value: `${SECRET}\r\n` }] });
    expect(await fromFile.inspectBody({ bytes: Buffer.from(`"${SECRET}"`) })).toMatchObject({
      kind: "found",
    });
    expect(fromFile.streamSearch("body").push(Buffer.from(`"${SECRET}"`))).toBeDefined();
  });

  it("are found across the ends of slices, however long they are", async () => {
    const key = Array.from({ length: 400 }, (_, line) => `line ${line * 7919}`).join("\n");
    const long = createDetector({ knownValues: [{ id: "s/k", value: key }] });
    const hidden = Buffer.from(key).toString("hex");
    const before = "z".repeat(128 * 1024 - hidden.length / 2);
    expect(await long.inspectBody({ bytes: Buffer.from(before + hidden + before) })).toMatchObject({
      kind: "found",
      finding: { location: "body (hex)" },
    });
  });

  it.each([
    ["a known value", `x-${SECRET.replaceAll("/", "")}`.toLowerCase(), SECRET.replaceAll("/", "")],
    ["a pattern", AWS.toLowerCase(), "nothing-else"],
  ])(
    "are found in the name of a header, whose case is lost, and not told: %s",
    async (_what, name, value) => {
      const named = createDetector({ knownValues: [{ id: "s/k", value }] });
      const found = await named.inspectHead({
        method: "GET",
        host: "a.example",
        path: "/",
        headers: [[name, "1"]],
      });
      expect(found).toMatchObject({ kind: "found" });
      expect(JSON.stringify(found).toLowerCase()).not.toContain(name);
    },
  );

  it("are found in a stream across chunks, at every border", () => {
    const bytes = Buffer.from(`before ${SECRET} after`);
    for (let border = 1; border < bytes.length; border += 1) {
      const search = detector.streamSearch("body");
      const findings = [search.push(bytes.subarray(0, border)), search.push(bytes.subarray(border))];
      expect(findings.some((finding) => finding !== undefined)).toBe(true);
    }
  });

  it("are not seen where they are not", async () => {
    expect(await inspect(`nothing here ${"lorem ipsum ".repeat(5000)}`)).toEqual({ kind: "clean" });
    expect(
      await head({
        headers: [
          ["user-agent", "curl/8.5.0"],
          ["cookie", "a=b"],
        ],
        path: "/v1/messages?beta=true",
      }),
    ).toEqual({ kind: "clean" });
  });
});

describe("codings", () => {
  const text = `{"note": "${AWS}"}`;

  it.each([
    ["gzip", gzipSync(text)],
    ["x-gzip", gzipSync(text)],
    ["br", brotliCompressSync(text)],
    ["zstd", zstdCompressSync(text)],
    ["deflate", deflateSync(text)],
    ["deflate", deflateRawSync(text)],
    ["gzip, br", brotliCompressSync(gzipSync(text))],
  ])("%s is undone and looked into", async (contentEncoding, bytes) => {
    expect(await inspect(bytes, { contentEncoding })).toMatchObject({
      kind: "found",
      finding: { rule: "aws-access-key-id" },
    });
  });

  it("compressed data that no header announces is looked into", async () => {
    expect(await inspect(gzipSync(text))).toMatchObject({ kind: "found" });
    expect(await inspect(gzipSync(text).toString("base64"))).toMatchObject({ kind: "found" });
    expect(await inspect(gzipSync(gzipSync(text)))).toMatchObject({ kind: "found" });
  });

  it.each([
    ["an unknown coding", Buffer.from(text), "compress", "UnknownContentCoding"],
    ["four codings", Buffer.from(text), "gzip, gzip, gzip, gzip", "UnknownContentCoding"],
    ["a coding that is not true", Buffer.from(text), "gzip", "BodyUndecodable"],
    ["a bomb", gzipSync(Buffer.alloc(80 * 1024 * 1024)), "gzip", "BodyTooLarge"],
    ["a brotli bomb", brotliCompressSync(Buffer.alloc(80 * 1024 * 1024)), "br", "BodyTooLarge"],
  ])("%s is not let through", async (_, bytes, contentEncoding, code) => {
    expect(await inspect(bytes, { contentEncoding })).toMatchObject({ kind: "opaque", code });
  });
});

describe("views of a body", () => {
  it("looks into parts of a multipart body that have codings of their own", async () => {
    const part = (headers: string, content: Uint8Array) =>
      Buffer.concat([Buffer.from(`--XX\r\n${headers}\r\n\r\n`), content, Buffer.from("\r\n")]);
    const body = (one: Buffer) =>
      Buffer.concat([
        part("Content-Disposition: form-data; name=a", Buffer.from("plain")),
        one,
        Buffer.from("--XX--"),
      ]);
    const contentType = 'multipart/form-data; boundary="XX"';
    const file = "Content-Disposition: form-data; name=f; filename=x.bin";

    expect(await inspect(body(part(file, gzipSync(AWS))), { contentType })).toMatchObject({ kind: "found" });
    expect(
      await inspect(body(part(`${file}\r\nContent-Encoding: br`, brotliCompressSync(AWS))), { contentType }),
    ).toMatchObject({ kind: "found" });
    expect(
      await inspect(body(part(`Content-Disposition: form-data; name=f; filename=${AWS}`, Buffer.from(""))), {
        contentType,
      }),
    ).toMatchObject({ kind: "found" });
    expect(
      await inspect(
        body(
          part(
            `${file}\r\nContent-Transfer-Encoding: quoted-printable`,
            Buffer.from("AK=49AQ7ZK3M7=\r\nXW2LTNB4V"),
          ),
        ),
        { contentType },
      ),
    ).toMatchObject({ kind: "found" });
    expect(await inspect(body(part(file, gzipSync("plain"))), { contentType })).toEqual({ kind: "clean" });
  });

  it("looks into base64 that is broken into lines", async () => {
    const lines = Buffer.from(`${"x".repeat(40)} ${AWS} ${"y".repeat(100)}`)
      .toString("base64")
      .replace(/.{60}/g, "$&\r\n");
    expect(await inspect(lines)).toMatchObject({ kind: "found", finding: { rule: "aws-access-key-id" } });
  });

  it("looks into forms and into JSON within JSON", async () => {
    expect(
      await inspect(`a=1&password_note=%41%4b${AWS.slice(2)}`, {
        contentType: "application/x-www-form-urlencoded",
      }),
    ).toMatchObject({ kind: "found" });
    expect(await inspect(JSON.stringify({ args: JSON.stringify({ password: "h7Gk2pQ9x" }) }))).toMatchObject({
      kind: "found",
      finding: { rule: "secret-in-json" },
    });
  });

  it.each([0, 1, 2, 3].map((shift) => shift + 124 * 1024))(
    "finds a secret wherever a slice ends (%i)",
    async (offset) => {
      const hidden = Buffer.from(`${"lorem ipsum dolor ".repeat(20_000).slice(0, offset - 1)} ${AWS} end`);
      expect(await inspect(hidden)).toMatchObject({ kind: "found" });
      expect(await inspect(`k=${hidden.toString("base64")}`)).toMatchObject({ kind: "found" });
    },
  );

  it("takes a large body of one character for what it is", async () => {
    const bytes = Buffer.from(JSON.stringify({ note: "a".repeat(200_000) }));
    expect(await detector.inspectBody({ bytes })).toEqual({ kind: "clean" });
  });

  it("refuses a body that is made to hold encodings without end", async () => {
    const bomb = gzipSync(Buffer.alloc(900_000)).toString("base64");

    expect(await inspect(`${bomb}\n\n`.repeat(40))).toMatchObject({ kind: "opaque", code: "BodyTooLarge" });
  });

  it("lets ordinary traffic pass", async () => {
    const source =
      'const token = process.env.TOKEN;\nexport function login(password: string) { return fetch("https://example.com/login", { body: password }); }\n'.repeat(
        200,
      );
    const image = Buffer.from(Array.from({ length: 20_000 }, (_, index) => (index * 7919) % 251)).toString(
      "base64",
    );
    expect(
      await inspect(
        JSON.stringify({ messages: [{ role: "user", content: source }], max_tokens: 1024, image }),
      ),
    ).toEqual({ kind: "clean" });
    expect(
      await inspect(
        JSON.stringify({
          authorization: "Bearer egress-placeholder",
          env: "CLAUDE_CODE_OAUTH_TOKEN=egress-placeholder",
        }),
      ),
    ).toEqual({ kind: "clean" });
  });
});

describe("words of seed phrases", () => {
  it("are none when they are few words again and again, and are refused when a long row may hide a phrase", async () => {
    expect(await inspect("name method ".repeat(1000))).toEqual({ kind: "clean" });
    const row = "name method able zone about wolf young absent ".repeat(100);
    expect(await inspect(row)).toMatchObject({ kind: "found", finding: { rule: "seed-phrase" } });
  });
});
