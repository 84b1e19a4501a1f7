import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Egress } from "../../../crds/egress.ts";
import { openTls, request } from "./client.ts";
import { aSecret, startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

const LISTED = "api.example.com";
const OTHER = "other.example.com";
const SECRET = "sk-ant-api03-" + "Zq8vN2xWmT4kL9pR";
const ASKING: Egress = { unlisted: "ask", routes: [{ host: LISTED }] };

let upstream: Upstream;
let world: World;

beforeEach(async () => {
  upstream = await startUpstream();
  world = await startWorld({
    egress: ASKING,
    secrets: [aSecret(SECRET, LISTED)],
    overrides: { [`${LISTED}:443`]: upstream.port, [`${OTHER}:443`]: upstream.port },
  });
});
afterEach(async () => {
  await world.close();
  upstream.close();
});

const pending = () => world.proxy.asks.pending;
const asked = (count = 1) => expect.poll(() => pending().length).toBe(count);
const answerAll = (verdict: "allow" | "deny"): void =>
  pending().forEach(({ id }) => world.proxy.asks.answer(id, verdict));

describe("a policy that asks", () => {
  it("holds a request back until somebody allows it, and sends it then", async () => {
    const answer = request(world, `https://${OTHER}/a?b=c`, { body: "hello" });
    await asked();
    expect(pending()).toEqual([
      {
        id: expect.any(String),
        method: "POST",
        host: OTHER,
        port: 443,
        path: "/a",
        hasQuery: true,
        because: `no route allows the host ${OTHER}`,
        since: expect.stringMatching(/^\d{4}-/),
        waiting: 1,
      },
    ]);
    expect(upstream.connections()).toBe(0);
    answerAll("allow");
    expect((await answer).status).toBe(200);
    expect(upstream.seen[0]).toMatchObject({ url: "/a?b=c", body: "hello" });
    expect(pending()).toEqual([]);
    expect(world.audit.at(-1)).toMatchObject({
      verdict: "allow",
      code: "AllowedByAnswer",
      wouldDeny: "HostNotAllowed",
      because: `somebody was asked and allowed it; otherwise: no route allows the host ${OTHER}`,
    });
  });

  it("asks nobody about what a route allows", async () => {
    expect((await request(world, `https://${LISTED}/`)).status).toBe(200);
    expect(pending()).toEqual([]);
  });

  it("asks once about equal requests, and answers all of them", async () => {
    const answers = [1, 2, 3].map(() => request(world, `https://${OTHER}/same`));
    await expect.poll(() => pending()[0]?.waiting).toBe(3);
    expect(pending()).toHaveLength(1);
    answerAll("deny");
    for (const answer of answers) expect((await answer).denied).toBe("AskDenied");
    expect(upstream.connections()).toBe(0);
  });

  it.each([
    ["query", "/same?a=1", "/same?a=2"],
    ["query, of which one has none", "/same", "/same?a=2"],
    ["a path beyond what is shown", `/${"p".repeat(600)}1`, `/${"p".repeat(600)}2`],
  ])("asks twice about requests that differ in %s, and shows no query", async (_what, one, other) => {
    const answers = [one, other].map((path) => request(world, `https://${OTHER}${path}`));
    await asked(2);
    const shown = pending();
    expect(JSON.stringify(shown)).not.toContain("a=");
    expect(shown.map(({ hasQuery }) => hasQuery).toSorted()).toEqual(
      [one, other].map((path) => path.includes("?")).toSorted(),
    );
    const [first] = shown;
    world.proxy.asks.answer(first?.id ?? "", "allow");
    await asked();
    answerAll("deny");
    const statuses = await Promise.all(answers.map(async (answer) => (await answer).status));
    expect(statuses.toSorted()).toEqual([200, 403]);
  });

  it("asks anew about the next one", async () => {
    const first = request(world, `https://${OTHER}/same`);
    await asked();
    answerAll("allow");
    expect((await first).status).toBe(200);
    const second = request(world, `https://${OTHER}/same`);
    await asked();
    answerAll("deny");
    expect((await second).denied).toBe("AskDenied");
  });

  it("denies what nobody answers in time", async () => {
    world.enforce({ ...ASKING, askSeconds: 1 });
    const answer = await request(world, `https://${OTHER}/`);
    expect(answer.denied).toBe("AskTimedOut");
    expect(pending()).toEqual([]);
    expect(upstream.connections()).toBe(0);
  });

  it("asks nobody about a path that spells out a secret", async () => {
    const answer = await request(world, `https://${OTHER}/${SECRET}`);
    expect(answer.denied).toBe("SecretInHead");
    expect(answer.body).not.toContain(SECRET);
  });

  it("scans what was allowed, and injects nothing", async () => {
    const refused = request(world, `https://${OTHER}/`, { body: `key=${SECRET}` });
    await asked();
    answerAll("allow");
    expect((await refused).denied).toBe("SecretInBody");
    const bare = request(world, `https://${LISTED}/`, {
      method: "DELETE",
      headers: { authorization: "Bearer of-the-agent" },
    });
    await asked();
    answerAll("allow");
    expect((await bare).status).toBe(200);
    expect(upstream.seen.at(-1)?.headers).not.toHaveProperty("authorization");
  });

  it("holds few questions at a time, and few requests for them", async () => {
    const waiting = Array.from({ length: 32 }, (_, index) => request(world, `https://${OTHER}/${index}`));
    await asked(32);
    expect((await request(world, `https://${OTHER}/one-more`)).denied).toBe("TooManyAsks");
    const same = Array.from({ length: 96 }, () => request(world, `https://${OTHER}/0`));
    await expect.poll(() => pending()[0]?.waiting).toBe(97);
    expect((await request(world, `https://${OTHER}/0`)).denied).toBe("TooManyAsks");
    answerAll("deny");
    for (const answer of [...waiting, ...same]) expect((await answer).denied).toBe("AskDenied");
  });

  it("reads nothing of a body meanwhile", async () => {
    const socket = await openTls(world, `${OTHER}:443`);
    const most = 64 * 1024 * 1024;
    socket.write(`POST / HTTP/1.1\r\nHost: ${OTHER}\r\nContent-Length: ${most}\r\n\r\n`);
    await asked();
    let taken = 0;
    const chunk = Buffer.alloc(1024 * 1024, "a");
    while (taken < most && socket.writableLength < 8 * chunk.length) {
      socket.write(chunk);
      taken += chunk.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(taken).toBeLessThan(most);
    socket.destroy();
  });

  it("forgets a question that nobody waits for any more", async () => {
    const socket = await openTls(world, `${OTHER}:443`);
    socket.write(`GET / HTTP/1.1\r\nHost: ${OTHER}\r\n\r\n`);
    await asked();
    const [{ id } = { id: "" }] = pending();
    socket.destroy();
    await asked(0);
    expect(() => world.proxy.asks.answer(id, "allow")).toThrow("no such question is open");
  });

  it("ends questions with a policy that knows an answer, and with a wipe", async () => {
    const ends = [
      () => world.enforce({ ...ASKING, unlisted: "deny" }),
      () => world.enforce({ routes: [{ host: OTHER }] }),
      () => world.proxy.enforce(undefined),
    ];
    for (const end of ends) {
      world.enforce(ASKING);
      const socket = await openTls(world, `${OTHER}:443`);
      socket.write(`GET / HTTP/1.1\r\nHost: ${OTHER}\r\n\r\n`);
      await asked();
      end();
      await asked(0);
      await expect.poll(() => world.audit.at(-1)).toMatchObject({ verdict: "deny", code: "PolicyChanged" });
      socket.destroy();
    }
    expect(upstream.connections()).toBe(0);
  });

  it("keeps questions open while a policy still asks", async () => {
    const answer = request(world, `https://${OTHER}/`);
    await asked();
    world.enforce({ ...ASKING, routes: [{ host: LISTED }, { host: "new.example.com" }] });
    await asked();
    answerAll("allow");
    expect((await answer).status).toBe(200);
  });
});
