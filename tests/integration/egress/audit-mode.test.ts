import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Egress } from "../../../crds/egress.ts";
import { connect, exchange, openTls, openTransparentTls, request } from "./client.ts";
import { aSecret, startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

const LISTED = "api.example.com";
const OTHER = "other.example.com";
const PRIVATE = "metadata.example.com";
const SECRET = "sk-ant-api03-" + "Zq8vN2xWmT4kL9pR";
const POLICY: Egress = {
  mode: "audit",
  routes: [{ host: LISTED, paths: ["/v1/"], auth: { secretRef: { name: "cred", key: "token" } } }],
};
const secret = aSecret(SECRET, LISTED);

let upstream: Upstream;
let world: World;

beforeEach(async () => {
  upstream = await startUpstream();
  world = await startWorld({
    egress: POLICY,
    secrets: [secret],
    overrides: { [`${LISTED}:443`]: upstream.port, [`${OTHER}:443`]: upstream.port },
    addresses: () => ["169.254.169.254"],
  });
});
afterEach(async () => {
  await world.close();
  upstream.close();
});

describe("a policy that only records", () => {
  it("lets through what no route allows, and records what it would have said", async () => {
    const answer = await request(world, `https://${OTHER}/a`, { method: "PUT", body: "hello" });
    expect(answer).toMatchObject({ status: 200, denied: undefined });
    expect(upstream.seen[0]).toMatchObject({ method: "PUT", url: "/a", body: "hello" });
    expect(world.audit.at(-1)).toMatchObject({
      verdict: "allow",
      code: "AllowedByAudit",
      wouldDeny: "HostNotAllowed",
      because: `the policy only records; enforced, it would deny: no route allows the host ${OTHER}`,
      route: "(unlisted)",
      host: OTHER,
      path: "/a",
    });
  });

  it.each([
    { what: "another path", url: `https://${LISTED}/v2/`, method: "GET", wouldDeny: "PathNotAllowed" },
    { what: "another method", url: `https://${LISTED}/v1/`, method: "POST", wouldDeny: "MethodNotAllowed" },
  ])("gives no credential to $what of a route's host, nor lets the agent's own through", async (row) => {
    const headers = { authorization: "Bearer of-the-agent", cookie: "a=b" };
    const answer = await request(world, row.url, { method: row.method, headers });
    expect(answer.status).toBe(200);
    expect(upstream.seen[0]?.headers).not.toHaveProperty("authorization");
    expect(upstream.seen[0]?.headers).not.toHaveProperty("cookie");
    expect(world.audit.at(-1)).toMatchObject({ code: "AllowedByAudit", wouldDeny: row.wouldDeny });
  });

  it("injects where a route says so, and calls that allowed", async () => {
    await request(world, `https://${LISTED}/v1/x`);
    expect(upstream.seen[0]?.headers).toMatchObject({ authorization: `Bearer ${SECRET}` });
    expect(world.audit.at(-1)).toMatchObject({ code: "Allowed" });
    expect(world.audit.at(-1)).not.toHaveProperty("wouldDeny");
  });

  it("scans in full all the same", async () => {
    const answer = await request(world, `https://${OTHER}/`, { body: `key=${SECRET}` });
    expect(answer.denied).toBe("SecretInBody");
    expect(upstream.bytes()).not.toContain(SECRET);
  });

  it("keeps to public addresses all the same", async () => {
    expect((await request(world, `https://${PRIVATE}/`)).denied).toBe("AddressNotAllowed");
  });

  it("refuses a push and TRACE all the same", async () => {
    const push = await request(world, `https://${OTHER}/a.git/info/refs?service=git-receive-pack`);
    expect(push.denied).toBe("GitPushRefused");
    expect((await request(world, `https://${OTHER}/`, { method: "TRACE" })).denied).toBe("HostNotAllowed");
  });

  it("opens every host to clients that know of no proxy", async () => {
    const socket = await openTransparentTls(world, OTHER);
    expect((await exchange(socket, `GET / HTTP/1.1\r\nHost: ${OTHER}\r\n\r\n`)).status).toBe(200);
    socket.destroy();
  });

  it("closes what no route allows once it is enforced, and nothing else", async () => {
    const unlisted = await openTls(world, `${OTHER}:443`);
    const listed = await openTls(world, `${LISTED}:443`);
    await exchange(unlisted, `GET / HTTP/1.1\r\nHost: ${OTHER}\r\n\r\n`);
    const closed = new Promise((resolve) => unlisted.once("close", resolve));
    world.enforce({ ...POLICY, mode: "enforce" }, [secret]);
    await closed;
    expect((await connect(world, `${OTHER}:443`)).answer.denied).toBe("HostNotAllowed");
    expect((await exchange(listed, `GET /v1/ HTTP/1.1\r\nHost: ${LISTED}\r\n\r\n`)).status).toBe(200);
    listed.destroy();
  });
});
