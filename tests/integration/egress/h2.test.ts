import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask2, openAlpn, openHttp2 } from "./h2-client.ts";
import { aSecret, startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

/** HTTP/2 at the agent's side, and what it becomes for an upstream that speaks HTTP/1.1 alone. */

const HOST = "api.example.com";
const OTHER = "other.example.com";
let upstream: Upstream;
let world: World;

beforeAll(async () => {
  upstream = await startUpstream();
  world = await startWorld({
    egress: {
      routes: [
        { host: HOST, methods: ["GET", "POST"], paths: ["/v1/"] },
        { host: OTHER, methods: ["*"] },
      ],
    },
    secrets: [aSecret("s3cr3t-v4lue-0001", HOST)],
    overrides: { [`${HOST}:443`]: upstream.port, [`${OTHER}:443`]: upstream.port },
  });
});

afterAll(async () => {
  await world.close();
  upstream.close();
});

describe("HTTP/2 at the agent's side", () => {
  it("is offered beside HTTP/1.1, and each client gets what it asks for first", async () => {
    const chosen = async (offered: string[]) => (await openAlpn(world, `${HOST}:443`, offered)).alpnProtocol;
    expect(await chosen(["h2", "http/1.1"])).toBe("h2");
    expect(await chosen(["http/1.1"])).toBe("http/1.1");
  });

  it("carries requests beside each other to an upstream that speaks HTTP/1.1", async () => {
    const session = await openHttp2(world, `${HOST}:443`);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        ask2(session, { ":path": `/v1/${n}`, ":method": "POST", "x-n": `${n}` }, `body ${n}`),
      ),
    );
    for (const answer of answers) expect(answer).toMatchObject({ status: 200, body: "hello from upstream" });
    expect(upstream.seen.map(({ body }) => body).sort()).toEqual(
      Array.from({ length: 50 }, (_, n) => `body ${n}`).sort(),
    );
    session.close();
  });

  it("denies as HTTP/1.1 does", async () => {
    const session = await openHttp2(world, `${HOST}:443`);
    expect(await ask2(session, { ":path": "/admin" })).toMatchObject({
      status: 403,
      denied: "PathNotAllowed",
    });
    expect(await ask2(session, { ":path": "/v1/x", ":method": "POST" }, "s3cr3t-v4lue-0001")).toMatchObject({
      denied: "SecretInBody",
    });
    session.close();
  });
});
