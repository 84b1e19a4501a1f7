import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EgressRoute } from "../../../crds/egress-route.ts";
import type { SecretValue } from "../../../sidecars/wire/control.ts";
import { request } from "./client.ts";
import { aSecret, startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

const HOST = "api.example.com";
const REAL = "the real & only/token+of=owner";
const PLACEHOLDER = "egress-placeholder-0123456789abcdef";
const secretRef = { name: "cred", key: "token" };

let upstream: Upstream;
let world: World;

beforeAll(async () => {
  upstream = await startUpstream();
  world = await startWorld({ overrides: { [`${HOST}:443`]: upstream.port } });
});

afterAll(async () => {
  await world.close();
  upstream.close();
});

beforeEach(() => {
  upstream.seen.length = 0;
  world.audit.length = 0;
});

const enforce = (auth: EgressRoute["auth"], value = REAL, more: Partial<SecretValue> = {}): void =>
  world.enforce({ routes: [{ host: HOST, methods: ["*"], ...(auth === undefined ? {} : { auth }) }] }, [
    { ...aSecret(value, HOST), placeholder: PLACEHOLDER, ...more },
  ]);
const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

describe("a credential in the query", () => {
  const encoded = encodeURIComponent(REAL);

  it.each([
    ["/maps", `/maps?key=${encoded}`],
    ["/maps?", `/maps?key=${encoded}`],
    ["/maps?a=1&b=%20x", `/maps?a=1&b=%20x&key=${encoded}`],
    [`/maps?key=${PLACEHOLDER}`, `/maps?key=${encoded}`],
    [`/maps?key=${PLACEHOLDER}&a=1`, `/maps?a=1&key=${encoded}`],
    ["/maps?a=1&key=mine&b=2", `/maps?a=1&b=2&key=${encoded}`],
    ["/maps?a=1;key=mine;b=2", `/maps?a=1;b=2&key=${encoded}`],
    ["/maps?KEY=mine&k%65y=mine&key[]=mine&key", `/maps?key=${encoded}`],
  ])("takes the place of the agent's own: %s", async (sent, arrives) => {
    enforce({ query: "key", secretRef });
    expect((await request(world, `https://${HOST}${sent}`)).status).toBe(200);
    expect(upstream.seen.map(({ url }) => url)).toEqual([arrives]);
  });

  it("is in no audit line, and the agent's own in no other parameter", async () => {
    enforce({ query: "key", secretRef });
    await request(world, `https://${HOST}/maps?a=1`);
    expect(JSON.stringify(world.audit)).not.toMatch(/token|key=/);
    const other = await request(world, `https://${HOST}/maps?key=x&api_key=mine`);
    expect(other.denied).toBe("CredentialInQuery");
    expect(other.body).not.toContain("mine");
  });

  it("is refused under way when it comes from the agent in any other place", async () => {
    enforce({ query: "key", secretRef });
    const answer = await request(world, `https://${HOST}/maps?q=${encoded}`);
    expect(answer.denied).toBe("SecretInHead");
    expect(upstream.seen).toEqual([]);
  });
});

describe("a header with a prefix of its own", () => {
  it.each([
    [{ header: "Authorization", prefix: "SSWS " }, "authorization", "SSWS token-1234"],
    [{ header: "X-Key", prefix: "v1:" }, "x-key", "v1:token-1234"],
  ] as const)("carries %o", async (auth, name, sent) => {
    enforce({ ...auth, secretRef }, "token-1234");
    await request(world, `https://${HOST}/`, { headers: { [name]: "mine" } });
    expect(upstream.seen[0]?.headers[name]).toBe(sent);
  });
});

describe("a route that requires the placeholder", () => {
  it.each([
    ["Bearer", {}, { authorization: `Bearer ${PLACEHOLDER}` }, ""],
    ["a header of its own", { header: "X-Api-Key" }, { "x-api-key": PLACEHOLDER }, ""],
    ["that header as CGI reads it", { header: "X-Api-Key" }, { X_Api_Key: PLACEHOLDER }, ""],
    ["Basic, as password", { scheme: "Basic" }, { authorization: basic(`x:${PLACEHOLDER}`) }, ""],
    ["Basic, as user", {}, { authorization: basic(`${PLACEHOLDER}:x-oauth-basic`) }, ""],
    ["a parameter", { query: "key" }, {}, `?a=1&key=${PLACEHOLDER}`],
  ] as const)("puts the credential in where it is sent: %s", async (_how, auth, headers, query) => {
    enforce({ ...auth, secretRef, require: "placeholder" }, "user:token-1234");
    const answer = await request(world, `https://${HOST}/${query}`, { headers });
    expect(answer.status).toBe(200);
    expect(JSON.stringify(upstream.seen)).toMatch(/token-1234|dXNlcjp0b2tlbi0xMjM0/);
    expect(JSON.stringify(upstream.seen)).not.toContain(PLACEHOLDER);
  });

  it.each([
    ["nothing", {}, ""],
    ["the placeholder of no secret", { authorization: "Bearer egress-placeholder" }, ""],
    ["that of another bottle", { authorization: "Bearer egress-placeholder-fedcba9876543210" }, ""],
    ["it in another place", { "x-api-key": PLACEHOLDER }, ""],
    ["it in the query", {}, `?a=${PLACEHOLDER}`],
  ] as const)("refuses a request that holds %s", async (_what, headers, query) => {
    enforce({ secretRef, require: "placeholder" });
    const answer = await request(world, `https://${HOST}/${query}`, { headers });
    expect(answer.denied).toBe("PlaceholderMissing");
    expect(upstream.seen).toEqual([]);
  });
});

describe("a secret that cannot be sent", () => {
  it.each([
    ["is empty", {}, " \n"],
    ["has a line end within", {}, "one\ntwo"],
    ["has a NUL within", { header: "X-Key" }, "one\0two"],
    ["has a character beyond ASCII", {}, "schlüssel"],
    ["has no user for Basic", { scheme: "Basic" }, "only-a-token"],
    ["is empty for a query", { query: "key" }, "\n"],
  ] as const)("ends the request, rather than sending it bare, when it %s", async (_how, auth, value) => {
    enforce({ ...auth, secretRef }, value);
    const answer = await request(world, `https://${HOST}/`);
    expect(answer.denied).toBe("SecretUnusable");
    expect(upstream.seen).toEqual([]);
    expect(JSON.stringify([answer.body, world.audit])).not.toMatch(/two|schl|only-a-token/);
  });
});

describe("a value that was replaced", () => {
  it("still never leaves, nor any part that is worth as much", async () => {
    enforce({ secretRef }, "user:first-value");
    enforce({ secretRef }, "user:second-value", { version: "2" });
    for (const text of ["first-value", "second-value", btoa("user:first-value")]) {
      const answer = await request(world, `https://${HOST}/?q=${text}`);
      expect(answer.denied).toBe("SecretInHead");
    }
    expect(upstream.seen).toEqual([]);
  });
});
