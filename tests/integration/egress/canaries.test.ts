import { once } from "node:events";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Egress } from "../../../crds/egress.ts";
import { request } from "./client.ts";
import { aSecret, startUpstream, startWorld, type Upstream, type World } from "./kit.ts";
import { openWebSocket, startWebSocketUpstream } from "./websocket-kit.ts";

/** No rule knows it by its form. */
const CANARY = "Wq7Lm2Zt9Xv4Rb8Ny3Kc6Hd5";
const [MODEL, INJECTING, PASSING] = ["model.example", "injecting.example", "passing.example"];
const AUTH = { secretRef: { name: "cred", key: "token" } };
const EGRESS: Egress = {
  canaries: "planted",
  routes: [
    { host: MODEL, methods: ["*"], scan: "inject-only" },
    { host: INJECTING, methods: ["*"], auth: AUTH },
    { host: PASSING, methods: ["*"], auth: { mode: "passthrough" } },
  ],
};
const HOSTS = [MODEL, INJECTING, PASSING];

let upstream: Upstream;
let world: World;
beforeEach(async () => {
  upstream = await startUpstream({
    answer: (asked, response) => asked.resume().once("end", () => response.end(CANARY)),
  });
  world = await startWorld({
    egress: EGRESS,
    overrides: Object.fromEntries(HOSTS.map((host) => [`${host}:443`, upstream.port])),
  });
  enforce(EGRESS, [CANARY]);
});
afterEach(async () => {
  await world.close();
  upstream.close();
});

const enforce = (egress: Egress, canaries: string[]): void =>
  world.enforce(egress, [aSecret("the-real-value-of-the-route", INJECTING)], canaries);

const WRITTEN: readonly [as: string, text: string | Buffer][] = [
  ["it is", CANARY],
  ["base64", Buffer.from(`a=${CANARY}`).toString("base64")],
  ["hexadecimal", Buffer.from(CANARY).toString("hex")],
  ["percent signs", [...CANARY].map((each) => `%${each.charCodeAt(0).toString(16)}`).join("")],
  ["backwards", [...CANARY].toReversed().join("")],
];

describe.each(HOSTS)("a canary that is sent to %s", (host) => {
  // where bodies stream, only the forms of known values are looked for
  const written = host === MODEL ? WRITTEN.filter(([as]) => as !== "percent signs") : WRITTEN;
  it.each(written)("written as %s is refused in body, query and field", async (_as, text) => {
    const carried = [
      request(world, `https://${host}/`, { method: "POST", body: text }),
      request(world, `https://${host}/?q=${text.toString()}`),
      request(world, `https://${host}/`, { headers: { "x-note": text.toString() } }),
    ];
    for (const answer of await Promise.all(carried)) {
      expect(answer.denied).toMatch(/^SecretIn(?:Body|Head)$/);
      expect(JSON.parse(answer.body)).toMatchObject({
        rule: "canary",
        because: expect.stringContaining("planted in the agent's home"),
      });
    }
    expect(upstream.bytes()).not.toContain(text.toString());
    expect(JSON.stringify(world.audit)).not.toContain(CANARY);
    expect(world.audit.filter(({ rule }) => rule === "canary")).toHaveLength(3);
  });

  it("in a compressed body is refused, and is let alone in an answer", async () => {
    const headers = { "content-encoding": "gzip" };
    const refused = await request(world, `https://${host}/`, {
      method: "POST",
      body: gzipSync(CANARY),
      headers,
    });
    expect(JSON.parse(refused.body)).toMatchObject({ rule: "canary" });
    expect((await request(world, `https://${host}/`)).body).toBe(CANARY);
  });

  it("is text like any other for a bottle that has no such", async () => {
    enforce({ ...EGRESS, canaries: "none" }, []);
    expect((await request(world, `https://${host}/`, { method: "POST", body: CANARY })).status).toBe(200);
  });
});

describe("a canary in a message of a WebSocket", () => {
  it("ends the connection", async () => {
    const other = await startWebSocketUpstream();
    await world.close();
    world = await startWorld({ egress: EGRESS, overrides: { [`${MODEL}:443`]: other.port } });
    enforce(EGRESS, [CANARY]);
    const { socket } = await openWebSocket(world, `wss://${MODEL}/`);
    const closed = once(socket, "close");
    socket.send(`and ${CANARY}`);
    await closed;
    await expect.poll(() => world.audit.at(-1)).toMatchObject({ code: "SecretInFrame", rule: "canary" });
    expect(other.conversations[0]?.said.join()).not.toContain(CANARY);
    other.close();
  });
});
