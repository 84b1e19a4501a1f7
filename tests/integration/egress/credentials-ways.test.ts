import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EgressRoute } from "../../../crds/egress-route.ts";
import type { SecretValue } from "../../../sidecars/wire/control.ts";
import { exchange, openTls, openTransparentTls, request } from "./client.ts";
import { ask2, openHttp2 } from "./h2-client.ts";
import { aSecret, startUpstream, startWorld, type Upstream, type World } from "./kit.ts";
import { openWebSocket, refusalOf, startWebSocketUpstream, type WebSocketUpstream } from "./websocket-kit.ts";

/** A credential is put in, or the request refused, whichever way it came. */

const HOST = "api.example.com";
const CHAT = "chat.example.com";
const OTHER = "other.example.com";
const SECRET = "ACCESSKEY01:the-real-secret-of-the-owner";
const PLACEHOLDER = "egress-placeholder-0123456789abcdef";
const secretRef = { name: "cred", key: "token" };

let upstream: Upstream;
let chat: WebSocketUpstream;
let world: World;

beforeAll(async () => {
  upstream = await startUpstream({
    answer: (incoming, response) => {
      if (incoming.url?.startsWith("/moved") === true)
        response.writeHead(302, { location: `https://${OTHER}/` });
      response.end("hello");
    },
  });
  chat = await startWebSocketUpstream();
  world = await startWorld({
    overrides: {
      [`${HOST}:443`]: upstream.port,
      [`${OTHER}:443`]: upstream.port,
      [`${CHAT}:443`]: chat.port,
    },
  });
});

afterAll(async () => {
  await world.close();
  upstream.close();
  chat.close();
});

beforeEach(() => {
  upstream.seen.length = 0;
  chat.conversations.length = 0;
});

function enforce(auth: EgressRoute["auth"], secrets: readonly SecretValue[] = [boundTo(HOST, CHAT)]): void {
  const routes = [HOST, CHAT].map((host) => ({ host, methods: ["*"], auth: { secretRef, ...auth } }));
  world.enforce({ routes: [...routes, { host: OTHER }] }, secrets);
}
const boundTo = (...hosts: string[]): SecretValue => ({
  ...aSecret(SECRET, ...hosts),
  placeholder: PLACEHOLDER,
});

/** Each sends one request, and says what the upstream saw of it or how it was refused. */
const ways: Record<string, (path: string) => Promise<string>> = {
  "over HTTP/1.1": async (path) => {
    const { denied } = await request(world, `https://${HOST}${path}`);
    return denied ?? sawAtUpstream();
  },
  "on a connection that was used before": async (path) => {
    const socket = await openTls(world, `${HOST}:443`);
    const get = `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
    await exchange(socket, get);
    upstream.seen.length = 0;
    const { denied } = await exchange(socket, get);
    socket.destroy();
    return denied ?? sawAtUpstream();
  },
  "over HTTP/2": async (path) => {
    const session = await openHttp2(world, `${HOST}:443`);
    const { denied } = await ask2(session, { ":path": path });
    session.close();
    return denied ?? sawAtUpstream();
  },
  "of a client that knows no proxy": async (path) => {
    const socket = await openTransparentTls(world, HOST);
    const { denied } = await exchange(socket, `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    socket.destroy();
    return denied ?? sawAtUpstream();
  },
  "for a WebSocket": async (path) => {
    const url = `wss://${CHAT}${path}`;
    const refusal = await refusalOf(world, url);
    if (refusal !== "accepted") return refusal.replace(/^\d+ /, "");
    const { socket } = await openWebSocket(world, url);
    socket.terminate();
    const [seen] = chat.conversations;
    return `${seen?.url} ${seen?.headers.authorization}`;
  },
};

async function sawAtUpstream(): Promise<string> {
  await expect.poll(() => upstream.seen.length).toBe(1);
  const [seen] = upstream.seen;
  return `${seen?.url} ${seen?.headers.authorization}`;
}

describe.each(Object.entries(ways))("a request %s", (_way, send) => {
  it.each([
    [{}, `/a?b=1 Bearer ${SECRET}`],
    [{ scheme: "Basic" }, `/a?b=1 Basic ${btoa(SECRET)}`],
    [{ query: "key" }, `/a?b=1&key=${encodeURIComponent(SECRET)} undefined`],
    [{ sigv4: { region: "r", service: "s" } }, "/a?b=1 AWS4-HMAC-SHA256 Credential=ACCESSKEY01/"],
  ] as const)("carries the credential of %o", async (auth, seen) => {
    enforce(auth);
    expect(await send("/a?b=1")).toContain(seen);
  });

  it.each([
    ["there is none", {}, [], "SecretUnavailable"],
    ["it is bound elsewhere", {}, [boundTo(OTHER)], "SecretNotBoundToHost"],
    [
      "it has another form",
      { sigv4: { region: "r", service: "s" } },
      [aSecret("x", HOST, CHAT)],
      "SecretUnusable",
    ],
    ["the placeholder is not there", { require: "placeholder" }, undefined, "PlaceholderMissing"],
  ] as const)("is refused, and reaches nobody, when %s", async (_why, auth, secrets, code) => {
    enforce(auth, secrets);
    expect(await send("/a")).toBe(code);
    expect([upstream.seen, chat.conversations]).toEqual([[], []]);
  });
});

describe("a redirect to another host", () => {
  it("is not followed for the agent, whose next request has no credential", async () => {
    enforce({});
    const moved = await request(world, `https://${HOST}/moved`);
    expect(moved).toMatchObject({ status: 302, headers: { location: `https://${OTHER}/` } });
    await request(world, moved.headers["location"] ?? "", {
      headers: { authorization: `Bearer ${PLACEHOLDER}` },
    });
    expect(upstream.seen.map(({ headers }) => [headers.host, headers.authorization])).toEqual([
      [HOST, `Bearer ${SECRET}`],
      [OTHER, undefined],
    ]);
  });
});

describe("a policy that changes while the body is on its way", () => {
  it.each([
    ["takes the credential away", {}, []],
    ["has another carrier", { query: "key" }, undefined],
  ] as const)("has the request refused, never sent bare, when it %s", async (_how, auth, secrets) => {
    enforce({});
    const socket = await openTls(world, `${HOST}:443`);
    socket.write(`POST /a HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 10\r\n\r\nhello`);
    await request(world, `https://${OTHER}/`);
    enforce(auth, secrets);
    const answer = await exchange(socket, "world");
    expect(answer.denied).toBe("PolicyChanged");
    expect(upstream.seen.map(({ method }) => method)).toEqual(["GET"]);
    socket.destroy();
  });
});
