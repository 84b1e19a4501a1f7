import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { request } from "./client.ts";
import { aSecret, startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

const HOST = "api.example.com";
const ANY = "any.example.com";
const BARE = "bare.example.com";
const REAL = "the-real-token-of-the-owner";

let upstream: Upstream;
let world: World;

beforeAll(async () => {
  upstream = await startUpstream();
  world = await startWorld({
    egress: {
      routes: [
        { host: HOST, methods: ["GET", "POST"], paths: ["/v1/"] },
        {
          host: ANY,
          methods: ["*"],
          auth: { header: "X-Own-Key", secretRef: { name: "cred", key: "token" } },
        },
        { host: BARE, methods: ["*"] },
        { host: "stream.example.com", methods: ["POST"], scan: "inject-only" },
      ],
    },
    secrets: [aSecret(REAL, ANY)],
    overrides: {
      [`${HOST}:443`]: upstream.port,
      [`${ANY}:443`]: upstream.port,
      [`${BARE}:443`]: upstream.port,
      "stream.example.com:443": upstream.port,
    },
  });
});

afterAll(async () => {
  await world.close();
  upstream.close();
});

beforeEach(() => {
  upstream.seen.length = 0;
});

const ELSEWHERE = "of-somebody-else-or-elsewhere";
/** headers of the one request that came through when it was sent with `name` */
async function seenWith(name: string, host = HOST) {
  const headers = { [name]: ELSEWHERE, "x-kept": "1" };
  const answer = await request(world, `https://${host}/v1/x`, { headers, method: "POST", body: "hello" });
  expect(answer.status).toBe(200);
  expect(upstream.seen[0]?.headers["x-kept"]).toBe("1");
  return upstream.seen[0];
}

describe("a header by which a server would do something else than was decided on", () => {
  it.each([
    ...["X-Original-URL", "X-Rewrite-URL", "X_Original_URL", "X-Forwarded-Host", "X-Host", "Forwarded"],
    ...["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X_HTTP_METHOD_OVERRIDE"],
  ])("is not sent on: %s", async (name) => {
    expect(JSON.stringify(await seenWith(name))).not.toContain(ELSEWHERE);
  });

  const OVERRIDES = [
    "X-HTTP-Method-Override",
    "X-HTTP-Method",
    "X-Method-Override",
    "X_HTTP_METHOD_OVERRIDE",
  ];
  it.each(OVERRIDES)(
    "is not sent on where a credential is put in, whatever the route allows: %s",
    async (name) => {
      expect(JSON.stringify(await seenWith(name, ANY))).not.toContain(ELSEWHERE);
    },
  );

  it("names another method where the route allows any and puts no credential in", async () => {
    const seen = await seenWith("X-HTTP-Method-Override", BARE);
    expect(seen?.headers["x-http-method-override"]).toBe(ELSEWHERE);
  });
});

describe("a form that names a method", () => {
  const FORM = "application/x-www-form-urlencoded";
  const part = (name: string): string =>
    `--b\r\nContent-Disposition: form-data; name=${name}\r\nX-A: b\r\n\r\nDELETE\r\n--b--\r\n`;
  /** a pattern that looks for its end anew in each line takes the square of its length, which is longer than a test may take */
  const ENDLESS = "; name=_method; of=a form\n".repeat(150_000);
  const post = (path: string, body: string, type: string | undefined, host = HOST) =>
    request(world, `https://${host}${path}`, {
      method: "POST",
      body,
      headers: type === undefined ? {} : { "content-type": type },
    });

  it.each([
    ["in a form", "/v1/x", "_method=DELETE", FORM],
    ["in a form, escaped", "/v1/x", "a=b&%5Fm%65thod=delete", FORM],
    ["in a form, behind one that is fine", "/v1/x", "_method=GET&_method=PUT", FORM],
    ["far within a form", "/v1/x", `a=${"x".repeat(600_000)}&_method=PUT`, FORM],
    ["in a form that does not say that it is one", "/v1/x", "_method=PATCH", undefined],
    ["in a form, with a dot", "/v1/x", "a=b&.method=DELETE", FORM],
    ["in a form, before a NUL", "/v1/x", "a=b&%20%5Fmethod%00x=DELETE", FORM],
    ["in a part, with a dot", "/v1/x", part('".method"'), "multipart/form-data; boundary=b"],
    ["in a part", "/v1/x", part('"_method"'), "multipart/form-data; boundary=b"],
    ["in a part, without quotes", "/v1/x", part("_METHOD"), "multipart/form-data; boundary=b"],
    [
      "in a part, behind a head without an end",
      "/v1/x",
      ENDLESS + part("_method"),
      "multipart/form-data; boundary=b",
    ],
    ["in the query", "/v1/x?_method=DELETE", "a=b", FORM],
  ])("which its route does not allow is refused: %s", async (_where, path, body, type) => {
    const answer = await post(path, body, type);
    expect([answer.status, answer.denied]).toEqual([403, "MethodNotAllowed"]);
    expect(upstream.seen).toEqual([]);
  });

  it("passes when its route allows that, and where it is no form", async () => {
    expect((await post("/v1/x", "_method=get", FORM)).status).toBe(200);
    expect((await post("/v1/x", '{"a":"&_method=DELETE"}', "application/json")).status).toBe(200);
    expect((await post("/v1/x", "_method=DELETE", FORM, ANY)).status).toBe(200);
  });
});

describe("a header that servers take for another one", () => {
  it.each(["Transfer_Encoding", "Content_Length", "Content_Encoding", "Proxy_Authorization"])(
    "is not sent on: %s",
    async (name) => {
      expect(JSON.stringify(await seenWith(name))).not.toContain(ELSEWHERE);
    },
  );

  it.each(["X_Api_Key", "private_token", "X-Made-Up-Token", "X-Registry-Auth"])(
    "and carries the agent's own credential is not sent on: %s",
    async (name) => {
      expect(JSON.stringify(await seenWith(name))).not.toContain(ELSEWHERE);
    },
  );

  it("and the route injects is not sent beside the injected one", async () => {
    const seen = await seenWith("X_Own_Key", ANY);
    expect(seen?.headers["x-own-key"]).toBe(REAL);
    expect(JSON.stringify(seen)).not.toContain(ELSEWHERE);
  });
});

describe("a secret in the name of a header", () => {
  it("is refused, and neither the answer nor the audit tells it", async () => {
    const name = `x-${REAL}`;
    const answer = await request(world, `https://${HOST}/v1/x`, { headers: { [name]: "1" } });
    expect(answer.denied).toBe("SecretInHead");
    expect(answer.body + JSON.stringify(world.audit)).not.toContain(REAL);
    expect(upstream.seen).toEqual([]);
  });
});

describe("a secret that compressed data hides from whoever decodes it once", () => {
  const clean = Buffer.from("nothing to see here ".repeat(20));
  const hidden: [string, string, Buffer][] = [
    ["zstd", "a second frame", Buffer.concat([zstdCompressSync(clean), zstdCompressSync(REAL)])],
    ["br", "bytes after the end", Buffer.concat([brotliCompressSync(clean), Buffer.from(REAL)])],
    [
      "gzip",
      "zeros and bytes after the end",
      Buffer.concat([gzipSync(clean), Buffer.alloc(4), Buffer.from(REAL)]),
    ],
  ];

  it.each(hidden)("is refused, in a full scan and in a stream: %s, %s", async (coding, _where, body) => {
    for (const url of [`https://${HOST}/v1/x`, "https://stream.example.com/"]) {
      const before = upstream.bytes().length;
      const answer = await request(world, url, { headers: { "content-encoding": coding }, body });
      expect(answer.denied).toMatch(/^(SecretInBody|BodyUndecodable)$/);
      expect(upstream.bytes()).toHaveLength(before);
    }
  });

  it("is refused in the head of gzip on a route that only searches for known values", async () => {
    const zipped = gzipSync(clean);
    zipped[3] = 0x08;
    const body = Buffer.concat([zipped.subarray(0, 10), Buffer.from(`${REAL}\0`), zipped.subarray(10)]);
    const headers = { "content-encoding": "gzip" };
    const answer = await request(world, "https://stream.example.com/", { headers, body });
    expect(answer.denied).toBe("SecretInBody");
  });
});

describe("a path that is very long", () => {
  it("is cut in the audit, so that it pushes nothing else out of the log", async () => {
    await request(world, `https://${HOST}/v1/${"a".repeat(8_000)}`);
    const { path } = world.audit.at(-1) ?? {};
    expect(path).toMatch(/^\/v1\/a+… \(8004 characters\)$/);
    expect(path?.length).toBeLessThan(600);
  });
});
