import type { IncomingMessage } from "node:http";
import type { IncomingHttpHeaders } from "node:http2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formsOfLeak, leakForms } from "../../fixtures/leak-forms.ts";
import { type Answer2, ask2, openHttp2 } from "./h2-client.ts";
import { startHttp2Upstream } from "./h2-kit.ts";
import { aSecret, startUpstream, startWorld, type World } from "./kit.ts";
import { decodedBody, echoing, formsAt, http2Response, pathsOf, places } from "./leak-kit.ts";
import { givenOf, hostOf, schemes, secretOf } from "./leak-schemes.ts";
import { openWebSocket, startWebSocketUpstream } from "./websocket-kit.ts";

/** The leak matrix over HTTP/2, at the agent's side and at both, and over WebSocket. */

const FORMS = Object.keys(leakForms).length;
/** cells of the matrix that were looked at */
let cells = 0;
/** HTTP/2 has no reason phrase */
const overHttp2 = Object.entries(places).filter(([name]) => name !== "the reason phrase");

/** where nothing is injected and nothing scrubbed; its upstream is that of the first scheme */
const OPEN = "open.example.com";
/** held by nobody, so that it passes in both directions */
const UNKNOWN = "another-value-q7Wz9LmX2vKp4TbN8cRs5HdYgFj6";

interface Started {
  readonly port: number;
  close(): void;
}

/** A proxy that injects by every scheme, each at an upstream of its own. */
async function startSchemes(
  start: (scheme: string) => Promise<Started>,
): Promise<{ world: World; close(): Promise<void> }> {
  const named = await Promise.all(
    Object.keys(schemes).map(async (name) => [name, await start(name)] as const),
  );
  const world = await startWorld({
    egress: {
      routes: [
        ...named.map(([name]) => ({
          host: hostOf(name),
          methods: ["*"],
          auth: { ...schemes[name]!.auth, secretRef: secretOf(name) },
        })),
        { host: OPEN, methods: ["*"], auth: { mode: "passthrough" as const } },
      ],
    },
    secrets: named.map(([name]) => ({ ...aSecret(schemes[name]!.value, hostOf(name)), ...secretOf(name) })),
    overrides: Object.fromEntries([
      ...named.map(([name, { port }]) => [`${hostOf(name)}:443`, port] as const),
      [`${OPEN}:443`, named[0]![1].port],
    ]),
  });
  const close = async (): Promise<void> => {
    await world.close();
    for (const [, upstream] of named) upstream.close();
  };
  return { world, close };
}

/** Everything that came: fields, body without its content coding, trailers. */
const textOf = ({ headers, trailers, body }: Answer2): string =>
  [
    ...[headers, trailers].flatMap((all) => Object.entries(all).flat(2)),
    decodedBody(body, headers["content-encoding"] as string | undefined),
  ].join("\n");
const echoOf = (scheme: string) => echoing((request) => schemes[scheme]!.taken(request) ?? "not sent");
const requestOf = (headers: IncomingHttpHeaders): IncomingMessage =>
  ({ headers, url: headers[":path"], method: headers[":method"] }) as IncomingMessage;
const UPSTREAMS: Readonly<Record<string, (scheme: string) => Promise<Started>>> = {
  "HTTP/1.1": (scheme) => startUpstream({ answer: echoOf(scheme) }),
  "HTTP/2": (scheme) =>
    startHttp2Upstream((stream, headers) =>
      echoOf(scheme)(requestOf(headers), http2Response(stream) as never),
    ),
};

describe.each(Object.entries(UPSTREAMS))(
  "to an agent of HTTP/2 from an upstream of %s",
  (_version, start) => {
    let started: Awaited<ReturnType<typeof startSchemes>>;
    beforeAll(async () => {
      started = await startSchemes(start);
    });
    afterAll(() => started.close());

    it.each(overHttp2)(
      "the matrix would see each form in %s, where nothing is scrubbed",
      async (name, place) => {
        const session = await openHttp2(started.world, `${OPEN}:443`);
        const { paths, count } = pathsOf(name, place, UNKNOWN);
        let seen = 0;
        for (const path of paths) {
          const method = place.method ?? "GET";
          const headers = { ":path": path, ":method": method, authorization: `Bearer ${UNKNOWN}` };
          const forms = formsOfLeak(textOf(await ask2(session, headers)), UNKNOWN).length;
          seen += place.one === true ? Number(forms > 0) : forms;
        }
        session.close();
        expect(seen).toBeGreaterThanOrEqual(count);
      },
    );

    describe.each(Object.keys(schemes))("a credential that is injected as %s", (scheme) => {
      it.each(overHttp2)("comes back nowhere in %s", async (name, place) => {
        const { world } = started;
        const before = world.audit.filter(({ code }) => code === "ResponseScrubbed").length;
        const session = await openHttp2(world, `${hostOf(scheme)}:443`);
        const { paths, count } = pathsOf(name, place, givenOf(scheme));
        for (const path of paths) {
          const answer = await ask2(session, { ":path": path, ":method": place.method ?? "GET" });
          expect([answer.denied, answer.headers["x-bot-bottle-failed"]]).toEqual([undefined, undefined]);
          const text = textOf(answer);
          for (const secret of new Set([schemes[scheme]!.value, givenOf(scheme)]))
            expect(formsOfLeak(text, secret)).toEqual([]);
        }
        session.close();
        const scrubbed = (): number =>
          world.audit.filter(({ code }) => code === "ResponseScrubbed").length - before;
        await expect.poll(scrubbed).toBe(paths.length);
        cells += count;
      });
    });
  },
);

describe("over WebSocket", () => {
  let started: Awaited<ReturnType<typeof startSchemes>>;
  beforeAll(async () => {
    started = await startSchemes((scheme) =>
      startWebSocketUpstream({
        server: { perMessageDeflate: { threshold: 0 } },
        lines: [`x-echo: ${givenOf(scheme)}`],
        talk: (socket, request) => {
          const value = schemes[scheme]!.taken(request) ?? "not sent";
          for (const [, text] of formsAt(value, { fits: () => true })) {
            const bytes = Buffer.from(text, "latin1");
            socket.send(text, { binary: false, compress: false });
            socket.send(bytes, { binary: true, compress: true });
            for (const byte of bytes) socket.send(Buffer.of(byte), { binary: true, fin: false });
            socket.send(Buffer.alloc(0), { fin: true });
            if (bytes.length <= 125) socket.ping(bytes);
          }
          socket.close(1000, value);
        },
      }),
    );
  });
  afterAll(() => started.close());

  /** All that an agent is told on one, from the handshake to the close. */
  async function listen(host: string, headers: Record<string, string> = {}): Promise<string[]> {
    const options = { perMessageDeflate: true, headers };
    const { socket, said, response } = await openWebSocket(started.world, `wss://${host}/`, options);
    if (socket.readyState !== socket.CLOSED) await new Promise((resolve) => socket.once("close", resolve));
    expect(said.at(-1)).toMatch(/^close:1000:/);
    return [...response.rawHeaders, ...said];
  }

  it.each(Object.keys(schemes))(
    "a credential that is injected as %s comes back in no message, nor in handshake and close",
    async (scheme) => {
      const received = await listen(hostOf(scheme));
      expect(received.length).toBeGreaterThan(3 * FORMS);
      for (const secret of new Set([schemes[scheme]!.value, givenOf(scheme)]))
        expect(formsOfLeak(received.join("\n"), secret)).toEqual([]);
      cells += received.length;
    },
  );

  it("the matrix would see each form, where nothing is scrubbed", async () => {
    const received = await listen(OPEN, { authorization: `Bearer ${UNKNOWN}` });
    expect(formsOfLeak(received.join("\n"), UNKNOWN)).toHaveLength(FORMS);
  });
});

describe("a coding that cannot be undone", () => {
  it("is refused over HTTP/2 as well", async () => {
    const { world, close } = await startSchemes(() =>
      startHttp2Upstream((stream) => {
        stream.respond({ ":status": 200, "content-encoding": "dcb" });
        stream.end("what is in it nobody can see");
      }),
    );
    const session = await openHttp2(world, `${hostOf("bearer")}:443`);
    expect((await ask2(session, { ":path": "/" })).headers["x-bot-bottle-failed"]).toBe(
      "UpstreamCodingUnknown",
    );
    session.close();
    await close();
  });
});

afterAll(() =>
  console.log(
    `leak matrix: ${cells} cells over HTTP/2 and WebSocket, each searched for every form, without a leak`,
  ),
);
