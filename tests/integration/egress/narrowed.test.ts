import { afterEach, describe, expect, it } from "vitest";
import type { WebSocket } from "ws";
import type { Egress } from "../../../crds/egress.ts";
import type { EgressRoute } from "../../../crds/egress-route.ts";
import { exchange, openTls, readAnswer } from "./client.ts";
import { aSecret, startUpstream, startWorld, type World } from "./kit.ts";
import { openWebSocket, startWebSocketUpstream } from "./websocket-kit.ts";

const HOST = "model.example";
const OTHER = "other.example";
const BROAD: EgressRoute = {
  ...{ host: HOST, methods: ["*"], scan: "inject-only", serverTools: "allow" },
  budget: { requestBytes: 10_000, modelTokens: 1000, requestsPerMinute: 100 },
};
const RULE = { name: "acme", pattern: "acme-[0-9a-f]{12}", keywords: ["acme-"] };
const GITLEAKS = `[[rules]]\nid = "acme"\nregex = '''acme-[0-9a-f]{12}'''\nkeywords = ["acme-"]\n`;

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const of = (route: object = {}, bottle: Partial<Egress> = {}): Egress => ({
  ...{ budget: { requestBytes: 100_000 }, ...bottle },
  routes: [{ ...BROAD, ...route }, { host: OTHER }],
});

async function aWorld(port: number): Promise<World> {
  const world = await startWorld({ egress: of(), overrides: { [`${HOST}:443`]: port } });
  open.push(() => world.close());
  return world;
}

async function aConversation(): Promise<{ world: World; socket: WebSocket; said: string[] }> {
  const upstream = await startWebSocketUpstream();
  open.push(() => upstream.close());
  const world = await aWorld(upstream.port);
  return { world, ...(await openWebSocket(world, `wss://${HOST}/`)) };
}

const { scan: _scan, ...scanned } = BROAD;
const NARROWED: readonly [what: string, egress: Egress][] = [
  ["tools of the provider are refused", of({ serverTools: "deny" })],
  ["bodies are scanned in full", { ...of(), routes: [scanned] }],
  ["less of a body is scanned", of({ scan: "streamed", maxBodyBytes: 1000 })],
  ["a rule is added", of({}, { rules: [RULE] })],
  ["rules of gitleaks are added", of({}, { gitleaksRules: GITLEAKS })],
  ["canaries are planted", of({}, { canaries: "planted" })],
  ["its route may send fewer bytes", of({ budget: { ...BROAD.budget, requestBytes: 9999 } })],
  ["its route may use fewer tokens", of({ budget: { ...BROAD.budget, modelTokens: 999 } })],
  ["the bottle may send fewer bytes", of({}, { budget: { requestBytes: 99_999 } })],
  ["the bottle gets a budget of tokens", of({}, { budget: { requestBytes: 100_000, modelTokens: 5 } })],
];

const LEFT_ALONE: readonly [what: string, egress: Egress][] = [
  ["nothing changes", of()],
  ["another route goes", { ...of(), routes: [BROAD] }],
  ["another route is narrowed", { ...of(), routes: [BROAD, { host: OTHER, paths: ["/only"] }] }],
  ["a route of another host comes", { ...of(), routes: [BROAD, { host: "one.more.example" }] }],
  [
    "budgets are raised",
    of({ budget: { requestBytes: 20_000, requestsPerMinute: 1 } }, { budget: { requestBytes: 200_000 } }),
  ],
];

describe("a WebSocket that is open", () => {
  it.each(NARROWED)("ends when %s", async (_what, egress) => {
    const { world, said } = await aConversation();
    world.enforce(egress);
    await expect.poll(() => said.at(-1)).toMatch(/^close:/);
    await expect.poll(() => world.audit.at(-1)).toMatchObject({ verdict: "deny", code: "PolicyChanged" });
  });

  it.each(LEFT_ALONE)("stays when %s", async (_what, egress) => {
    const { world, socket, said } = await aConversation();
    world.enforce(egress);
    socket.send("still here");
    await expect.poll(() => said).toEqual(["text:still here"]);
  });

  it("ends with the message for which there are no tokens any more", async () => {
    const { world, socket, said } = await aConversation();
    const usage = JSON.stringify({ usage: { input_tokens: 600, output_tokens: 0 } });
    for (const count of [1, 2]) {
      socket.send(usage); // the upstream says it again, and that counts
      await expect.poll(() => said).toHaveLength(count);
    }
    socket.send("one more");
    await expect.poll(() => said.at(-1)).toMatch(/^close:/);
    await expect.poll(() => world.audit.at(-1)).toMatchObject({ verdict: "deny", code: "BudgetExceeded" });
  });
});

describe("a request that is on its way", () => {
  it.each(NARROWED)("ends while it is sent when %s", async (_what, egress) => {
    const upstream = await startUpstream();
    open.push(() => upstream.close());
    const world = await aWorld(upstream.port);
    const socket = await openTls(world, `${HOST}:443`);
    socket.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`);
    await expect.poll(() => upstream.bytes()).toContain("hello");
    const answer = readAnswer(socket);
    world.enforce(egress);
    expect((await answer).denied).toBe("PolicyChanged");
    await expect.poll(() => world.audit.at(-1)).toMatchObject({ verdict: "deny", code: "PolicyChanged" });
  });

  it.each([...NARROWED, ...LEFT_ALONE])(
    "gets its whole answer, once it is sent, when %s",
    async (_what, egress) => {
      let release = (): void => undefined;
      const upstream = await startUpstream({
        answer: (_request, response) => {
          response.writeHead(200).write("begun");
          release = () => response.end(" and ended");
        },
      });
      open.push(() => upstream.close());
      const world = await aWorld(upstream.port);
      const socket = await openTls(world, `${HOST}:443`);
      let received = "";
      socket.on("data", (chunk: Buffer) => (received += chunk.toString()));
      socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
      await expect.poll(() => received).toContain("begun");
      world.enforce(egress);
      release();
      await expect.poll(() => received).toContain("and ended");
      socket.destroy();
    },
  );

  it.each<[what: string, narrower: Partial<Egress>]>([
    ["a rule comes", { rules: [RULE] }],
    ["the bottle's budget is lowered", { budget: { requestBytes: 99_999 } }],
    ["names are to be asked of other servers", { resolver: ["10.0.0.53"] }],
  ])("is asked about anew when %s while it waits for an answer", async (_what, narrower) => {
    const upstream = await startUpstream();
    open.push(() => upstream.close());
    const world = await aWorld(upstream.port);
    const asking: Egress = { ...of(), unlisted: "ask" };
    world.enforce(asking);
    const socket = await openTls(world, "unlisted.example:443");
    const answer = exchange(socket, `GET / HTTP/1.1\r\nHost: unlisted.example\r\n\r\n`);
    await expect.poll(() => world.proxy.asks.pending).toHaveLength(1);
    world.enforce({ ...asking, ...narrower });
    expect((await answer).denied).toBe("PolicyChanged");
    socket.destroy();
  });

  it("is asked about anew when a secret comes while it waits for an answer, and not when one is renewed", async () => {
    const upstream = await startUpstream();
    open.push(() => upstream.close());
    const world = await aWorld(upstream.port);
    const asking: Egress = { ...of(), unlisted: "ask" };
    const [first, renewed] = [aSecret("a-first-value-of-it", HOST), aSecret("another-value-of-it", HOST)];
    world.enforce(asking, [first]);
    const socket = await openTls(world, "unlisted.example:443");
    const answer = exchange(socket, `GET / HTTP/1.1\r\nHost: unlisted.example\r\n\r\n`);
    await expect.poll(() => world.proxy.asks.pending).toHaveLength(1);
    world.enforce(asking, [{ ...renewed, version: "2" }]);
    expect(world.proxy.asks.pending).toHaveLength(1);
    world.enforce(asking, [renewed, { ...first, key: "other" }]);
    expect((await answer).denied).toBe("PolicyChanged");
    socket.destroy();
  });
});
