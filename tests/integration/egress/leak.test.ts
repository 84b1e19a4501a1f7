import type { IncomingMessage } from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EgressRoute } from "../../../crds/egress-route.ts";
import { formsOfLeak } from "../../fixtures/leak-forms.ts";
import { ask2, openHttp2 } from "./h2-client.ts";
import { aSecret, startUpstream, startWorld, type Upstream, type World } from "./kit.ts";
import { startHttp2Upstream, type Http2Upstream } from "./h2-kit.ts";
import { echoing, formsAt, KEY, LeakClient, LOGIN, type Place, places } from "./leak-kit.ts";
import { openWebSocket, startWebSocketUpstream, type WebSocketUpstream } from "./websocket-kit.ts";

interface Scheme {
  readonly auth: NonNullable<EgressRoute["auth"]>;
  readonly value: string;
  /** what of a request the upstream takes for the value that it gives back */
  readonly taken: (request: IncomingMessage) => string | undefined;
}

const authorization = ({ headers }: IncomingMessage): string => headers.authorization ?? "";
const decoded = (request: IncomingMessage): string =>
  Buffer.from(authorization(request).replace("Basic ", ""), "base64").toString();
/** held by nobody, so that it passes in both directions */
const UNKNOWN = "another-value-q7Wz9LmX2vKp4TbN8cRs5HdYgFj6";
/** AWS's credential is not sent; an upstream that knows it may still say it. */
const SIGNING = "AKIDOFTHEOWNER:wJalrXUtnFEMI/K7MDENG+bPxRfiCY";

const schemes: Readonly<Record<string, Scheme>> = {
  bearer: { auth: {}, value: KEY, taken: (request) => authorization(request).replace("Bearer ", "") },
  token: {
    auth: { scheme: "token" },
    value: KEY,
    taken: (request) => authorization(request).replace("token ", ""),
  },
  basic: { auth: { scheme: "Basic" }, value: LOGIN, taken: decoded },
  password: { auth: { scheme: "Basic" }, value: LOGIN, taken: (request) => decoded(request).split(":")[1] },
  header: {
    auth: { header: "X-Api-Key" },
    value: KEY,
    taken: ({ headers }) => headers["x-api-key"]?.toString(),
  },
  query: {
    auth: { query: "key" },
    value: KEY,
    taken: ({ url }) => new URL(url ?? "", "http://x").searchParams.get("key") ?? undefined,
  },
  sigv4: {
    auth: { sigv4: { region: "us-east-1", service: "bedrock" } },
    value: SIGNING,
    taken: () => SIGNING.split(":")[1],
  },
};

const hostOf = (scheme: string): string => `${scheme}.example.com`;
const secretOf = (scheme: string): { name: string; key: string } => ({ name: scheme, key: "value" });

let upstreams: (Upstream | WebSocketUpstream | Http2Upstream)[] = [];
let world: World;
/** cells of the matrix that were looked at */
let cells = 0;

beforeAll(async () => {
  const named = await Promise.all(
    Object.entries(schemes).map(async ([name, { taken }]) => {
      const upstream = await startUpstream({ answer: echoing((request) => taken(request) ?? "not sent") });
      return [name, upstream] as const;
    }),
  );
  const sockets = await startWebSocketUpstream({
    lines: [`x-echo: ${KEY}`],
    talk: (socket, request) => {
      const value = authorization(request).replace("Bearer ", "");
      for (const [, text] of formsAt(value, { fits: () => true })) {
        socket.send(text, { binary: false });
        socket.send(Buffer.from(text, "latin1"), { binary: true });
      }
      socket.close(1000, value);
    },
  });
  upstreams = [...named.map(([, upstream]) => upstream), sockets];
  const routes: EgressRoute[] = Object.entries(schemes).map(([name, { auth }]) => ({
    host: hostOf(name),
    methods: ["*"],
    auth: { ...auth, secretRef: secretOf(name) },
  }));
  world = await startWorld({
    egress: {
      routes: [
        ...routes,
        { host: "open.example.com", methods: ["*"], auth: { mode: "passthrough" } },
        { host: "ws.example.com", auth: { secretRef: secretOf("bearer") } },
      ],
    },
    secrets: Object.entries(schemes).map(([name, { value }]) => ({
      ...aSecret(value, hostOf(name), "ws.example.com"),
      ...secretOf(name),
    })),
    overrides: {
      ...Object.fromEntries(named.map(([name, upstream]) => [`${hostOf(name)}:443`, upstream.port])),
      "open.example.com:443": named[0]![1].port,
      "ws.example.com:443": sockets.port,
    },
  });
});

afterAll(async () => {
  console.log(
    `leak matrix: ${cells} cells (scheme, place, form), each searched for every form, without a leak`,
  );
  await world.close();
  for (const upstream of upstreams) upstream.close();
});

/** The paths at which an upstream gives a value back in all forms that fit a place, and how many these are. */
function pathsOf(
  name: string,
  place: Place,
  value: string,
): { readonly paths: string[]; readonly count: number } {
  const forms = formsAt(value, place);
  const at = `/${encodeURIComponent(name)}`;
  const paths = place.one === true ? forms.map(([form]) => `${at}/${encodeURIComponent(form)}`) : [at];
  return { paths, count: forms.length };
}

describe.each(Object.entries(schemes))("a credential that is injected as %s", (scheme, { value, taken }) => {
  const given =
    scheme === "password" ? LOGIN.split(":")[1]! : scheme === "sigv4" ? taken({} as never)! : value;

  it.each(Object.entries(places))("comes back nowhere in %s", async (name, place) => {
    const before = world.audit.filter(({ code }) => code === "ResponseScrubbed").length;
    const client = new LeakClient(world, hostOf(scheme));
    const { paths, count } = pathsOf(name, place, given);
    for (const path of paths) {
      const received = await client.ask(`https://${hostOf(scheme)}${path}`, {}, place.method);
      expect(
        received.headers["x-bot-bottle-denied"] ?? received.headers["x-bot-bottle-failed"],
      ).toBeUndefined();
      for (const secret of new Set([value, given])) expect(formsOfLeak(received.text, secret)).toEqual([]);
    }
    client.close();
    // the account of it comes after the answer
    const scrubbed = (): number =>
      world.audit.filter(({ code }) => code === "ResponseScrubbed").length - before;
    await expect.poll(scrubbed).toBe(paths.length);
    cells += count;
  });
});

describe("the matrix itself", () => {
  it.each(Object.entries(places))(
    "would see each form in %s, where nothing is scrubbed",
    async (name, place) => {
      const client = new LeakClient(world, "open.example.com");
      const { paths, count } = pathsOf(name, place, UNKNOWN);
      let seen = 0;
      for (const path of paths) {
        const headers = { authorization: `Bearer ${UNKNOWN}`, "accept-encoding": "identity" };
        const received = await client.ask(`https://open.example.com${path}`, headers, place.method);
        const isCoded = received.headers["content-encoding"] !== undefined;
        seen += place.one === true ? Number(formsOfLeak(received.text, UNKNOWN).length > 0) : 0;
        if (place.one !== true)
          expect(isCoded || formsOfLeak(received.text, UNKNOWN).length >= count).toBe(true);
      }
      if (place.one === true) expect(seen).toBe(count);
      client.close();
    },
  );
});

describe("over other protocols", () => {
  it.each(["values of JSON", "the value of a header", "gzip", "trailers", "server-sent events"])(
    "to an agent that speaks HTTP/2 it comes back nowhere in %s",
    async (name) => {
      const session = await openHttp2(world, "bearer.example.com:443");
      const { paths, count } = pathsOf(name, places[name]!, KEY);
      const answer = await ask2(session, { ":path": paths[0]! });
      expect(answer.status).toBe(200);
      const text = JSON.stringify([answer.headers, answer.trailers]) + answer.body;
      expect(formsOfLeak(text, KEY)).toEqual([]);
      session.close();
      cells += count;
    },
  );

  it("it comes back in no message of a WebSocket, nor in its handshake or its close", async () => {
    const { socket, said, response } = await openWebSocket(world, "wss://ws.example.com/");
    if (socket.readyState !== socket.CLOSED) await new Promise((resolve) => socket.once("close", resolve));
    expect(said.length).toBeGreaterThan(80);
    expect(formsOfLeak([...response.rawHeaders, ...said].join("\n"), KEY)).toEqual([]);
    expect(response.headers["x-echo"]).toBe("egress-placeholder");
    cells += said.length;
  });

  it("with HTTP/2 on both sides it comes back nowhere", async () => {
    const h2 = await startHttp2Upstream((stream, headers) => {
      const value = headers.authorization?.replace("Bearer ", "") ?? "not sent";
      const inHeader = formsAt(value, { fits: (text) => /^[\x20-\x7e]+$/.test(text) });
      const fields = Object.fromEntries(inHeader.map(([, text], index) => [`x-echo-${index}`, text]));
      const isGzip = headers[":path"] === "/gzip";
      const coding = headers[":path"] === "/unknown" ? { "content-encoding": "dcb" } : {};
      stream.respond(
        { ":status": 200, ...fields, ...coding, ...(isGzip ? { "content-encoding": "gzip" } : {}) },
        { waitForTrailers: true },
      );
      stream.on("wantTrailers", () => stream.sendTrailers(fields));
      const body = Buffer.from(
        formsAt(value, { fits: () => true })
          .map(([, text]) => text)
          .join("\n"),
        "latin1",
      );
      stream.end(isGzip ? gzipSync(body) : body);
    });
    upstreams.push(h2);
    world.enforce(
      {
        routes: [
          {
            host: "h2.example.com",
            auth: { secretRef: secretOf("bearer") },
            upstream: { address: "127.0.0.1", port: h2.port },
            allowPrivate: ["127.0.0.1/32"],
          },
        ],
      },
      [{ ...aSecret(KEY, "h2.example.com", `127.0.0.1:${h2.port}`), ...secretOf("bearer") }],
    );
    const session = await openHttp2(world, "h2.example.com:443");
    for (const path of ["/", "/gzip"]) {
      const answer = await ask2(session, { ":path": path });
      expect(answer.status).toBe(200);
      expect(answer.body).toContain("egress-placeholder");
      expect(answer.trailers["x-echo-0"]).toBe("egress-placeholder");
      expect(formsOfLeak(JSON.stringify([answer.headers, answer.trailers]) + answer.body, KEY)).toEqual([]);
    }
    const refused = await ask2(session, { ":path": "/unknown" });
    expect(refused.headers["x-bot-bottle-failed"]).toBe("UpstreamCodingUnknown");
    expect(h2.seen).toHaveLength(3);
    session.close();
  });
});
