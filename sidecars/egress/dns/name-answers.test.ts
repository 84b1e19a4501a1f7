import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import type { Egress } from "../../../crds/egress.ts";
import { createDetector } from "../../detection/index.ts";
import type { Clock } from "../../shared/clock.ts";
import { compileEgress } from "../../wire/compile-egress.ts";
import type { AuditEntry, AuditLog } from "../audit-log.ts";
import type { Enforcement } from "../enforcement.ts";
import { indexPolicy } from "../policy/policy-index.ts";
import { NameAnswers } from "./name-answers.ts";

const SECRET = "sk-ant-api03-Zq8vN2xW";
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanups.splice(0)) clean();
});

/** What a name is decided by. */
const policyOf = (egress: Egress): Enforcement =>
  ({
    policy: indexPolicy(compileEgress(egress)),
    detector: createDetector({ knownValues: [{ id: "token/value", value: SECRET }] }),
  }) as Enforcement;

const ROUTES = policyOf({
  routes: [
    { host: "api.example" },
    { host: "*.wild.example", ports: [443] },
    { host: "plain.example", ports: [80] },
    { host: "odd.example", ports: [8443] },
    { host: "10.1.2.3" },
  ],
});

class ManualClock implements Clock {
  elapsed = 0;
  readonly timers: (() => void)[] = [];
  now = (): Date => new Date(0);
  elapsedMs = (): number => this.elapsed;
  after(_delayMs: number, act: () => void): () => void {
    this.timers.push(act);
    return () => undefined;
  }
}

/** Answers to be asked by a resolver that is not ours: the one in Node (c-ares), over UDP. */
async function serve(enforcement: Enforcement | undefined) {
  const records: AuditEntry[] = [];
  const audit: AuditLog = { hasRoom: () => true, write: (entry) => records.push(entry) };
  const clock = new ManualClock();
  const names = new NameAnswers({ audit, clock, enforcement: () => enforcement });
  const socket = createSocket("udp4", (message, { port, address }) => {
    const answer = names.answer(message);
    if (answer !== undefined) socket.send(answer, port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  cleanups.push(() => socket.close());
  const resolver = new Resolver({ tries: 1 });
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  const ask = (name: string, type = "A"): Promise<unknown> =>
    resolver.resolve(name, type).catch((error: NodeJS.ErrnoException) => error.code);
  return { ask, records, clock, names };
}

describe("a name", () => {
  it.each([
    ["api.example", ["127.9.9.9"]],
    ["API.Example", ["127.9.9.9"]],
    ["any.wild.example", ["127.9.9.9"]],
    ["deep.any.wild.example", ["127.9.9.9"]],
    ["plain.example", ["127.9.9.9"]],
    ["wild.example", "ENOTFOUND"],
    ["odd.example", "ENOTFOUND"],
    ["example", "ENOTFOUND"],
    ["api.example.evil.example", "ENOTFOUND"],
    ["localhost", ["127.0.0.1"]],
    ["app.localhost", ["127.0.0.1"]],
    ["egress", ["127.0.0.1"]],
    ["git-gate", ["127.0.0.1"]],
    ["supervise", ["127.0.0.1"]],
    ["bottle", ["127.0.0.1"]],
  ])("%s is %j", async (name, expected) => {
    const { ask } = await serve(ROUTES);
    expect(await ask(name)).toEqual(expected);
  });

  it("keeps its address for seconds only, so that a change of the policy shows", async () => {
    const { names } = await serve(ROUTES);
    const query = Buffer.from("00010100000100000000000003617069076578616d706c650000010001", "hex");
    expect(names.answer(query)?.readUInt32BE(query.length + 6)).toBe(5);
  });

  it.each(["AAAA", "MX", "TXT", "CNAME", "NS", "SRV", "CAA"])(
    "that is allowed has no %s record, and is not denied",
    async (type) => {
      const { ask, records } = await serve(ROUTES);
      expect(await ask("api.example", type)).toBe("ENODATA");
      expect(await ask("localhost", type)).toBe("ENODATA");
      expect(records).toEqual([]);
    },
  );

  it.each(["A", "AAAA", "TXT", "MX"])("that is not allowed does not exist for %s", async (type) => {
    const { ask } = await serve(ROUTES);
    expect(await ask("other.example", type)).toBe("ENOTFOUND");
  });

  it("of an address of this machine is what the hosts file says", async () => {
    const { ask, records } = await serve(ROUTES);
    expect(await ask("1.0.0.127.in-addr.arpa", "PTR")).toEqual(["localhost"]);
    expect(await ask("9.9.9.127.in-addr.arpa", "PTR")).toBe("ENOTFOUND");
    expect(records).toEqual([]);
  });

  it("that is an address in another notation is none, whatever a route allows", async () => {
    const { ask } = await serve(ROUTES);
    expect(await ask("0x0a010203")).toBe("ENOTFOUND");
  });

  it.each<Egress>([{ mode: "audit" }, { unlisted: "ask" }])(
    "that no route has leads to the proxy too where %j lets it record or ask, but for one with a secret",
    async (egress) => {
      const { ask, records } = await serve(policyOf(egress));
      expect(await ask("other.example")).toEqual(["127.9.9.9"]);
      expect(await ask(`${SECRET}.example`)).toBe("ENOTFOUND");
      expect(records).toMatchObject([{ code: "SecretInHead" }]);
    },
  );

  it("is not told of before there is a policy; nobody is told that it does not exist", async () => {
    const { ask, records } = await serve(undefined);
    expect(await ask("api.example")).toBe("ESERVFAIL");
    expect(await ask("localhost")).toEqual(["127.0.0.1"]);
    expect(records).toMatchObject([{ verdict: "deny", code: "NotConfigured", method: "DNS" }]);
  });
});

describe("the record of a denied name", () => {
  it("says what the denial of a request would say", async () => {
    const { ask, records } = await serve(ROUTES);
    await ask("other.example");
    await ask("odd.example");
    expect(records).toEqual([
      {
        verdict: "deny",
        code: "HostNotAllowed",
        because: "no route allows the host other.example",
        method: "DNS",
        host: "other.example",
      },
      expect.objectContaining({ code: "PortNotAllowed", host: "odd.example" }),
    ]);
  });

  it("does not hold a name that holds a secret", async () => {
    const { ask, records } = await serve(ROUTES);
    const hidden = Buffer.from(SECRET).toString("hex");
    expect(await ask(`${hidden}.wild.example`)).toBe("ENOTFOUND");
    expect(await ask(`${SECRET}.other.example`)).toBe("ENOTFOUND");
    expect(records).toMatchObject([{ code: "SecretInHead" }]);
    expect(JSON.stringify(records)).not.toMatch(new RegExp(`example|${hidden}`, "i"));
  });

  it("is one for the many times that a program asks, and another one later", async () => {
    const { ask, records, clock } = await serve(ROUTES);
    for (const type of ["A", "AAAA", "A"]) await ask("other.example", type);
    expect(records).toHaveLength(1);
    clock.elapsed += 10_001;
    await ask("other.example");
    expect(records).toHaveLength(2);
  });

  it("is a count when names come faster than an audit can take", async () => {
    const { ask, records, clock } = await serve(ROUTES);
    for (let n = 0; n < 250; n += 1) await ask(`n${n}.example`);
    expect(records).toHaveLength(200);
    for (const act of clock.timers.splice(0)) act();
    expect(records.slice(200)).toMatchObject([
      {
        verdict: "info",
        code: "DenialsNotRecorded",
        because: expect.stringMatching(/^50 more names/) as string,
      },
    ]);
  });
});

describe("a flood of queries", () => {
  it("is told to ask again, and looked at no more", async () => {
    const { ask, clock } = await serve(ROUTES);
    for (let n = 0; n < 2_000; n += 1) await ask("api.example");
    expect(await ask("api.example")).toBe("ESERVFAIL");
    clock.elapsed += 1_000;
    expect(await ask("api.example")).toEqual(["127.9.9.9"]);
  });
});
