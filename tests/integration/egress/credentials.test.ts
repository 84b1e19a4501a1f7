import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EgressRoute } from "../../../crds/egress-route.ts";
import { connect, exchange, request } from "./client.ts";
import {
  aSecret,
  startUpstream,
  startWorld,
  strangerAuthority,
  upstreamAuthority,
  type Upstream,
  type World,
} from "./kit.ts";

const HOST = "api.example.com";
const REAL = "the-real-token-of-the-owner";
const PLACEHOLDER = "egress-placeholder";
const inject = { secretRef: { name: "cred", key: "token" } };

let upstream: Upstream;
let plain: Upstream;
let world: World;

beforeAll(async () => {
  upstream = await startUpstream();
  plain = await startUpstream({ plain: true });
  world = await startWorld({ overrides: { [`${HOST}:443`]: upstream.port, [`${HOST}:80`]: plain.port } });
});

afterAll(async () => {
  await world.close();
  upstream.close();
  plain.close();
});

beforeEach(() => {
  upstream.seen.length = 0;
});

const enforce = (route: Partial<EgressRoute>, ...secrets: ReturnType<typeof aSecret>[]): void =>
  world.enforce({ routes: [{ host: HOST, methods: ["*"], ...route }] }, secrets);

describe("injection", () => {
  const basic = Buffer.from("user:pass-word-1").toString("base64");
  it.each([
    { how: "Bearer by default", sent: `Bearer ${REAL}` },
    { how: "token", auth: { scheme: "token" }, sent: `token ${REAL}` },
    { how: "Basic", auth: { scheme: "Basic" }, value: "user:pass-word-1", sent: `Basic ${basic}` },
    { how: "a header of its own", auth: { header: "X-Api-Key" }, header: "x-api-key", sent: REAL },
    { how: "a value from a file, with its line end", value: `${REAL}\n`, sent: `Bearer ${REAL}` },
  ] as const)("puts in $how, in place of what the agent sent", async (one) => {
    const { auth, value = REAL, header = "authorization", sent } = { auth: {}, ...one };
    enforce({ auth: { ...inject, ...auth } }, aSecret(value, HOST));
    const answer = await request(world, `https://${HOST}/`, {
      headers: { authorization: `Bearer ${PLACEHOLDER}`, [header]: PLACEHOLDER, accept: "text/plain" },
    });
    expect(answer.status).toBe(200);
    const [seen] = upstream.seen;
    expect(seen?.headers[header]).toBe(sent);
    expect(seen?.headers.accept).toBe("text/plain");
    expect(JSON.stringify(seen)).not.toContain(PLACEHOLDER);
  });

  it.each([
    ["the secret is bound to another host", [aSecret(REAL, "other.example")], "SecretNotBoundToHost"],
    ["the secret is bound to another port", [aSecret(REAL, `${HOST}:8443`)], "SecretNotBoundToHost"],
    ["the secret is bound to nothing", [aSecret(REAL)], "SecretNotBoundToHost"],
    ["the secret is not there", [], "SecretUnavailable"],
  ])("refuses the request, rather than send it bare, when %s", async (_why, secrets, code) => {
    enforce({ auth: inject }, ...secrets);
    const before = upstream.bytes().length;
    const answer = await request(world, `https://${HOST}/`, { headers: { authorization: "Bearer mine" } });
    expect(answer.denied).toBe(code);
    expect(upstream.bytes()).toHaveLength(before);
    expect(answer.body).not.toContain(REAL);
  });

  it("refuses http, in absolute form and in a tunnel", async () => {
    enforce({ auth: inject, ports: [443, 80] }, aSecret(REAL, HOST, `${HOST}:80`));
    const { socket } = await connect(world, `${HOST}:80`);
    const answer = await exchange(socket, `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    expect(answer.denied).toBe("InjectionNeedsTls");
    expect(plain.bytes()).toBe("");
  });

  it("asks that the address and the CA that a route brings are bound too", async () => {
    const thief = await startUpstream({ authority: strangerAuthority });
    const route = {
      auth: inject,
      upstream: { address: "127.0.0.1", port: thief.port, caBundle: strangerAuthority.certificatePem },
      allowPrivate: ["127.0.0.1"],
      ports: [8443],
    };
    enforce(route, aSecret(REAL, HOST, `${HOST}:8443`));
    const refused = await request(world, `https://${HOST}:8443/`);
    expect(refused.denied).toBe("SecretNotBoundToHost");
    expect(thief.bytes()).toBe("");

    const owned = [`127.0.0.1:${thief.port}`, `sha256:${strangerAuthority.fingerprint}`];
    enforce(route, aSecret(REAL, HOST, `${HOST}:8443`, ...owned));
    expect((await request(world, `https://${HOST}:8443/`)).status).toBe(200);
    expect(thief.seen[0]?.headers.authorization).toBe(`Bearer ${REAL}`);
    thief.close();
  });
});

describe("an upstream that cannot show who it is", () => {
  it.each([
    ["is signed by nobody that is trusted", { authority: strangerAuthority }, "UpstreamTlsUntrusted"],
    ["has a certificate for another name", { certificateFor: "other.example" }, "UpstreamTlsNameMismatch"],
  ])("never sees the credential when it %s", async (_how, options, failure) => {
    const impostor = await startUpstream(options);
    const other = await startWorld({
      egress: { routes: [{ host: HOST, auth: inject }] },
      secrets: [aSecret(REAL, HOST)],
      overrides: { [`${HOST}:443`]: impostor.port },
    });
    const answer = await request(other, `https://${HOST}/`);
    expect(answer.status).toBe(502);
    expect(answer.headers["x-bot-bottle-failed"]).toBe(failure);
    expect(impostor.bytes()).toBe("");
    expect(other.audit.at(-1)).toMatchObject({ verdict: "error", code: failure });
    await other.close();
    impostor.close();
  });

  it("is told from one that speaks no TLS at all, and one that refuses", async () => {
    const other = await startWorld({
      egress: { routes: [{ host: HOST }, { host: "closed.example" }] },
      overrides: { [`${HOST}:443`]: plain.port, "closed.example:443": 1 },
    });
    const noTls = await request(other, `https://${HOST}/`);
    expect(noTls.headers["x-bot-bottle-failed"]).toBe("UpstreamTlsFailed");
    const closed = await request(other, "https://closed.example/");
    expect(closed.headers["x-bot-bottle-failed"]).toBe("UpstreamRefused");
    await other.close();
  });

  it("is verified against the route's own CA alone, when it brings one", async () => {
    enforce({
      upstream: { address: "127.0.0.1", port: upstream.port, caBundle: strangerAuthority.certificatePem },
      allowPrivate: ["127.0.0.1"],
      ports: [8443],
    });
    const untrusted = await request(world, `https://${HOST}:8443/`);
    expect(untrusted.headers["x-bot-bottle-failed"]).toBe("UpstreamTlsUntrusted");
    enforce({
      upstream: { address: "127.0.0.1", port: upstream.port, caBundle: upstreamAuthority.certificatePem },
      allowPrivate: ["127.0.0.1"],
      ports: [8443],
    });
    expect((await request(world, `https://${HOST}:8443/`)).status).toBe(200);
  });
});

describe("the agent's own credentials", () => {
  const carriers = {
    authorization: "Bearer of-somebody-else",
    "proxy-authorization": "Basic eDp5",
    cookie: "session=of-somebody-else",
    "x-api-key": "of-somebody-else",
    "api-key": "of-somebody-else",
    "private-token": "of-somebody-else",
    "x-goog-api-key": "of-somebody-else",
  };

  it.each(Object.entries(carriers))("are stripped: %s", async (name, value) => {
    enforce({});
    const answer = await request(world, `https://${HOST}/`, { headers: { [name]: value, "x-kept": "1" } });
    expect(answer.status).toBe(200);
    expect(upstream.seen[0]?.headers[name]).toBeUndefined();
    expect(upstream.seen[0]?.headers["x-kept"]).toBe("1");
    expect(JSON.stringify(upstream.seen)).not.toContain("somebody-else");
  });

  it("are stripped beside an injected one", async () => {
    enforce({ auth: inject }, aSecret(REAL, HOST));
    await request(world, `https://${HOST}/`, { headers: carriers });
    expect(upstream.seen[0]?.headers.authorization).toBe(`Bearer ${REAL}`);
    expect(JSON.stringify(upstream.seen)).not.toContain("somebody-else");
  });

  it.each([
    "key=abc",
    "access_token=abc",
    "a=1&api_key=abc",
    "a=1;api_key=abc",
    "API%5FKEY=abc",
    "private_token=x",
  ])("are refused in a query: %s", async (query) => {
    enforce({});
    const answer = await request(world, `https://${HOST}/?${query}`);
    expect(answer.denied).toBe("CredentialInQuery");
    expect(upstream.seen).toEqual([]);
  });

  it("go on where the route passes them through, but a Proxy-Authorization never does", async () => {
    enforce({ auth: { mode: "passthrough" } });
    const answer = await request(world, `https://${HOST}/?key=abc`, { headers: carriers });
    expect(answer.status).toBe(200);
    expect(upstream.seen[0]?.headers.cookie).toBe(carriers.cookie);
    expect(upstream.seen[0]?.headers["x-api-key"]).toBe("of-somebody-else");
    expect(upstream.seen[0]?.headers["proxy-authorization"]).toBeUndefined();
  });
});
