import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Egress } from "../../../crds/egress.ts";
import { exchange, openTls, request } from "./client.ts";
import { startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

const HOST = "api.example.com";
const OTHER = "other.example.com";
const USAGE = JSON.stringify({ usage: { input_tokens: 70, output_tokens: 40 } });

let upstream: Upstream;
let world: World;

beforeEach(async () => {
  upstream = await startUpstream({
    answer: (asked, response) => {
      asked.resume();
      asked.once("end", () => response.setHeader("content-type", "application/json").end(USAGE));
    },
  });
  world = await startWorld({
    overrides: { [`${HOST}:443`]: upstream.port, [`${OTHER}:443`]: upstream.port },
  });
});
afterEach(async () => {
  await world.close();
  upstream.close();
});

const anyMethod = (host: string, more: object = {}) => ({ host, methods: ["*"], ...more });
const allow = (budget: Egress["budget"], route: object = {}): void =>
  world.enforce({ ...(budget && { budget }), routes: [anyMethod(HOST, route), anyMethod(OTHER)] });

describe("a budget of requests a minute", () => {
  it("refuses what is more with 429, the time to wait and what to do", async () => {
    allow(undefined, { budget: { requestsPerMinute: 2 } });
    expect((await request(world, `https://${HOST}/`)).status).toBe(200);
    expect((await request(world, `https://${HOST}/`)).status).toBe(200);
    const refused = await request(world, `https://${HOST}/a?b=c`);
    expect(refused).toMatchObject({ status: 429, denied: "BudgetExceeded" });
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    expect(JSON.parse(refused.body)).toEqual({
      error: "denied by the bottle's egress policy",
      code: "BudgetExceeded",
      because: `the budget of route ${HOST} is spent: 2 requests a minute`,
      asked: { method: "GET", host: HOST, port: 443, path: "/a" },
      whatToDo: expect.stringContaining("Retry-After"),
      whomToAsk: expect.stringContaining("the person who runs this bottle"),
    });
    expect(upstream.seen).toHaveLength(2);
    expect((await request(world, `https://${OTHER}/`)).status).toBe(200);
  });

  it("of the bottle counts all routes together", async () => {
    allow({ requestsPerMinute: 2 });
    await request(world, `https://${HOST}/`);
    await request(world, `https://${OTHER}/`);
    expect((await request(world, `https://${HOST}/`)).denied).toBe("BudgetExceeded");
    expect((await request(world, `https://${OTHER}/`)).denied).toBe("BudgetExceeded");
  });
});

describe("a budget of bytes", () => {
  it.each(["full", "inject-only"] as const)("lets no body out that is larger (scan %s)", async (scan) => {
    allow(undefined, { scan, budget: { requestBytes: 1000 } });
    expect((await request(world, `https://${HOST}/`, { body: "a".repeat(600) })).status).toBe(200);
    const refused = await request(world, `https://${HOST}/`, { body: "b".repeat(600) });
    expect(refused).toMatchObject({ status: 429, denied: "BudgetExceeded" });
    expect(refused.headers).not.toHaveProperty("retry-after");
    expect(upstream.bytes()).not.toContain("bbb");
  });

  it("cuts off a body of no known length where it would be overdrawn", async () => {
    allow(undefined, { scan: "inject-only", budget: { requestBytes: 1000 } });
    const socket = await openTls(world, `${HOST}:443`);
    const chunks = Array.from({ length: 4 }, () => `190\r\n${"c".repeat(400)}\r\n`).join("");
    const head = `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const answer = await exchange(socket, `${head}${chunks}0\r\n\r\n`);
    expect(answer.denied).toBe("BudgetExceeded");
    expect(upstream.bytes().split("c").length).toBeLessThan(1000);
    socket.destroy();
  });

  it("counts what a path and fields carry", async () => {
    allow({ requestBytes: 3000 });
    const url = `https://${HOST}/${"p".repeat(1000)}`;
    const headers = { "x-note": "n".repeat(1000) };
    expect((await request(world, url, { headers })).status).toBe(200);
    expect((await request(world, url, { headers })).denied).toBe("BudgetExceeded");
  });

  it("stays spent under another policy and after one that was refused", async () => {
    allow({ requestBytes: 1000 });
    await request(world, `https://${HOST}/`, { body: "a".repeat(900) });
    allow({ requestBytes: 1001 });
    const again = await request(world, `https://${HOST}/`, { body: "a".repeat(900) });
    expect(again.denied).toBe("BudgetExceeded");
    allow({ requestBytes: 5000 });
    expect((await request(world, `https://${HOST}/`, { body: "a".repeat(900) })).status).toBe(200);
  });
});

describe("a budget of tokens", () => {
  it("lets nothing begin when the answers before it account for more", async () => {
    allow(undefined, { budget: { modelTokens: 200 } });
    expect((await request(world, `https://${HOST}/`)).body).toBe(USAGE);
    expect((await request(world, `https://${HOST}/`)).body).toBe(USAGE);
    const refused = await request(world, `https://${HOST}/`);
    expect(refused).toMatchObject({ status: 429, denied: "BudgetExceeded" });
    expect(world.proxy.budgets.use).toMatchObject([{ route: HOST, modelTokens: 220 }]);
    expect(world.audit.filter(({ code }) => code === "BudgetSpent").map(({ because }) => because)).toEqual([
      `55 % of the budget of route ${HOST} is spent`,
      `100 % of the budget of route ${HOST} is spent`,
    ]);
  });
});
