import { once } from "node:events";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { WebSocket } from "ws";
import { carriers } from "./evasion-carriers.ts";
import { isPromised, secrets, views } from "./evasion-kit.ts";
import { type Evasion, inCarrier, inView } from "./evasion-matrix.ts";
import { startWorld, type World } from "./kit.ts";
import { openWebSocket, startWebSocketUpstream, type WebSocketUpstream } from "./websocket-kit.ts";
import { PASSED, startWitness, together, VERSIONS, type Witness } from "./witness.ts";

/** Secrets on their way out, through the proxy, and an upstream that would notice the first byte of one. */

const HARMLESS = "a text that harms nobody";
const REFUSED = /^(?:Secret|BadRequest$|CredentialInQuery$)/;
let count = 0;

describe.each(VERSIONS)("a secret over %s", (version) => {
  let witness: Witness;
  beforeEach(async () => {
    witness = await startWitness();
  });
  afterEach(() => witness.close());

  /** Sends all of them, and says which were not refused. */
  async function passing(evasions: readonly Evasion[]): Promise<string[]> {
    expect(evasions.length).toBeGreaterThan(30);
    const outcomes = await together(evasions, async ({ name, asking }) => ({
      name,
      outcome: await witness.send[version](asking),
    }));
    count += outcomes.length;
    return outcomes
      .filter(({ outcome }) => !REFUSED.test(outcome))
      .map(({ name, outcome }) => `${name}: ${outcome}`);
  }

  it.each(Object.keys(views))("reaches no upstream as %s", async (view) => {
    expect(await passing(inView(view))).toEqual([]);
    expect([witness.upstream.connections(), witness.upstream.bytes()]).toEqual([0, ""]);
  });

  it.each(Object.keys(carriers))("reaches no upstream in %s", async (carrier) => {
    expect(await passing(inCarrier(carrier))).toEqual([]);
    expect([witness.upstream.connections(), witness.upstream.bytes()]).toEqual([0, ""]);
  });
});

describe("what cannot be looked into", () => {
  it("is refused: a message of gRPC in a coding that is not known", async () => {
    const witness = await startWitness();
    const body = Buffer.concat([Buffer.of(1, 0, 0, 0, 8), Buffer.from("snappy..")]);
    const asking = { headers: { "content-type": "application/grpc" }, body };
    expect(await witness.send["HTTP/2"](asking)).toBe("BodyUndecodable");
    expect(witness.upstream.connections()).toBe(0);
    await witness.close();
  });
});

describe.each(VERSIONS)("what is no secret over %s", (version) => {
  it.each(Object.entries(carriers))("reaches the upstream in %s", async (_carrier, write) => {
    const asking = write(HARMLESS)!;
    const witness = await startWitness(asking.host === undefined ? [] : [asking.host]);
    expect(await witness.send[version](asking)).toBe(PASSED);
    expect(witness.upstream.seen).toHaveLength(1);
    await witness.close();
  });
});

/** How an agent says something on a WebSocket that is open. */
const FRAMES: Readonly<Record<string, (socket: WebSocket, bytes: Buffer) => void>> = {
  "a text message": (socket, bytes) => socket.send(bytes, { binary: false }),
  "a binary message": (socket, bytes) => socket.send(bytes, { binary: true }),
  "a compressed message": (socket, bytes) => socket.send(bytes, { binary: false, compress: true }),
  "fragments of four bytes": (socket, bytes) => {
    for (let at = 0; at < bytes.length; at += 4)
      socket.send(bytes.subarray(at, at + 4), { binary: true, fin: at + 4 >= bytes.length });
  },
  pings: (socket, bytes) => {
    for (let at = 0; at < bytes.length; at += 125) socket.ping(bytes.subarray(at, at + 125));
  },
  "the reason of a close": (socket, bytes) => socket.close(1000, bytes.subarray(0, 123)),
};
/** of these the longest that count are cut by what a control frame holds */
const IN_ONE_FRAME = 120;

describe("a secret on a WebSocket", () => {
  let upstream: WebSocketUpstream;
  let world: World;
  beforeAll(async () => {
    upstream = await startWebSocketUpstream({ plain: true, server: { perMessageDeflate: true } });
    world = await startWorld({
      egress: { routes: [{ host: "ws.example.com" }] },
      overrides: { "ws.example.com:80": upstream.port },
    });
  });
  afterAll(async () => {
    await world.close();
    upstream.close();
  });

  /** Says it, and gives what the agent was told. */
  async function say(kind: string, written: string | Buffer): Promise<string> {
    const { socket, said } = await openWebSocket(world, "ws://ws.example.com/", {
      perMessageDeflate: { threshold: 0 },
    });
    FRAMES[kind]!(socket, Buffer.from(written));
    await once(socket, "close");
    return said.join();
  }

  it.each(Object.keys(FRAMES))("reaches nobody in %s", async (kind) => {
    const fits = (one: string | Buffer): boolean => {
      if (/ping|close/.test(kind)) return one.length <= IN_ONE_FRAME;
      return typeof one === "string" || !/text|compressed/.test(kind);
    };
    const inViews = Object.entries(views)
      .filter(([view]) => isPromised(view, aToken))
      .map(([, write]) => write(aToken.text));
    const all = [...secrets.map(({ text }) => text), ...inViews].filter(fits);
    const before = upstream.conversations.length;
    const told = await together(all, (written) => say(kind, written), 8);
    count += told.length;
    // who closes hears its own words
    if (!kind.includes("close")) expect(told.filter((one) => !one.startsWith("close:1008:"))).toEqual([]);
    const heard = upstream.conversations.slice(before).flatMap(({ said }) => said);
    expect(heard.filter((one) => !/^close:(?:1006:|1008:refused by policy)$/.test(one))).toEqual([]);
  });
});

const aToken = secrets.find(({ rule }) => rule.id === "github-token")!;

afterAll(() => console.log(`${count} secrets through the proxy, in all views and carriers: 0 passed`));
