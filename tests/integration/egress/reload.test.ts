import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, exchange, openTls, request } from "./client.ts";
import { aSecret, startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

const HOST = "api.example.com";
const OTHER = "other.example.com";
const allow = (...hosts: string[]): { routes: { host: string; methods: string[] }[] } => ({
  routes: hosts.map((host) => ({ host, methods: ["*"] })),
});
const injecting = { routes: [{ host: HOST, auth: { secretRef: { name: "cred", key: "token" } } }] };
const get = (host: string): string => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

let upstream: Upstream;
let world: World;
let release: () => void;

beforeEach(async () => {
  upstream = await startUpstream({
    answer: (request_, response) => {
      if (request_.url !== "/slow") return void response.end("ok");
      response.writeHead(200).write("begun");
      release = () => response.end(" and ended");
    },
  });
  world = await startWorld({
    egress: allow(HOST, OTHER),
    overrides: { [`${HOST}:443`]: upstream.port, [`${OTHER}:443`]: upstream.port },
  });
});

afterEach(async () => {
  await world.close();
  upstream.close();
});

describe("a policy change", () => {
  it("counts from the next request on an open tunnel", async () => {
    const socket = await openTls(world, `${HOST}:443`);
    expect((await exchange(socket, get(HOST))).status).toBe(200);
    world.enforce({ routes: [{ host: HOST, methods: ["POST"] }] });
    expect((await exchange(socket, get(HOST))).denied).toBe("MethodNotAllowed");
    world.enforce(allow(HOST));
    expect((await exchange(socket, get(HOST))).status).toBe(200);
    socket.destroy();
  });

  it("counts at once for rules, budgets and the mode, on the same connection", async () => {
    const socket = await openTls(world, `${HOST}:443`);
    const post = `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 17\r\n\r\nacme-0123456789ab`;
    const own = allow(HOST).routes;
    expect((await exchange(socket, post)).status).toBe(200);
    world.enforce({
      routes: own,
      rules: [{ name: "acme", pattern: "acme-[0-9a-f]{12}", keywords: ["acme-"] }],
    });
    expect((await exchange(socket, post)).denied).toBe("SecretInBody");
    world.enforce({ routes: own, budget: { requestBytes: 1 } });
    expect((await exchange(socket, post)).denied).toBe("BudgetExceeded");
    world.enforce({ routes: [{ host: HOST }] });
    expect((await exchange(socket, post)).denied).toBe("MethodNotAllowed");
    world.enforce({ mode: "audit", routes: [{ host: HOST }] });
    expect((await exchange(socket, post)).status).toBe(200);
    world.enforce(allow(HOST));
    expect((await exchange(socket, post)).status).toBe(200);
    socket.destroy();
  });

  it("closes tunnels to a host that is no longer allowed, and no others", async () => {
    const gone = await openTls(world, `${HOST}:443`);
    const kept = await openTls(world, `${OTHER}:443`);
    await exchange(gone, get(HOST));
    await exchange(kept, get(OTHER));
    const closed = once(gone, "close");
    world.enforce(allow(OTHER));
    await closed;
    expect((await exchange(kept, get(OTHER))).status).toBe(200);
    expect((await connect(world, `${HOST}:443`)).answer.denied).toBe("HostNotAllowed");
    kept.destroy();
  });

  it("cuts off a stream that is no longer allowed", async () => {
    const socket = await openTls(world, `${HOST}:443`);
    socket.write(get(HOST).replace("/ ", "/slow "));
    await once(socket, "data");
    const closed = once(socket, "close");
    world.enforce({ routes: [{ host: HOST, methods: ["POST"] }] });
    await closed;
    await expect.poll(() => world.audit.at(-1)).toMatchObject({ verdict: "deny", code: "PolicyChanged" });
  });

  it("lets a stream go on that is still allowed, and with it the connection", async () => {
    const socket = await openTls(world, `${HOST}:443`);
    let received = "";
    socket.on("data", (chunk: Buffer) => (received += chunk.toString()));
    socket.write(get(HOST).replace("/ ", "/slow "));
    await expect.poll(() => received).toContain("begun");
    world.enforce(allow(HOST, "one.more.example"));
    release();
    await expect.poll(() => received).toContain("and ended");
    expect(socket.destroyed).toBe(false);
    socket.destroy();
  });

  it("reaches a request whose body is still on its way", async () => {
    const socket = await openTls(world, `${HOST}:443`);
    socket.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 10\r\n\r\nhello`);
    await exchange(await openTls(world, `${OTHER}:443`), get(OTHER));
    world.enforce({ routes: [{ host: HOST, methods: ["GET"] }] });
    const answer = await exchange(socket, "world");
    expect(answer.denied).toBe("PolicyChanged");
    expect(upstream.bytes()).not.toContain("POST");
    socket.destroy();
  });

  it.each([
    ["taken away", []],
    ["bound to another host", [aSecret("first-value", OTHER)]],
  ])("cuts off what goes on with a credential that was %s", async (_how, secrets) => {
    world.enforce(injecting, [aSecret("first-value", HOST)]);
    const socket = await openTls(world, `${HOST}:443`);
    socket.write(get(HOST).replace("/ ", "/slow "));
    await once(socket, "data");
    const closed = once(socket, "close");
    world.enforce(injecting, secrets);
    await closed;
    await expect.poll(() => world.audit.at(-1)).toMatchObject({ verdict: "deny", code: "PolicyChanged" });
  });

  it("gives a credential that was renewed to the next request, and ends no connection for it", async () => {
    world.enforce(injecting, [aSecret("first-value", HOST)]);
    const socket = await openTls(world, `${HOST}:443`);
    let received = "";
    socket.on("data", (chunk: Buffer) => (received += chunk.toString()));
    socket.write(get(HOST).replace("/ ", "/slow "));
    await expect.poll(() => received).toContain("begun");
    world.enforce(injecting, [{ ...aSecret("second-value", HOST), version: "2" }]);
    await request(world, `https://${HOST}/`);
    release();
    await expect.poll(() => received).toContain("and ended");
    await exchange(socket, get(HOST));
    socket.destroy();
    await expect
      .poll(() => upstream.seen.map(({ headers }) => headers.authorization).toSorted())
      .toEqual(["Bearer first-value", "Bearer second-value", "Bearer second-value"]);
  });

  it("keeps a value that comes without its text, as long as the version is the same", async () => {
    world.enforce(injecting, [aSecret("held-value", HOST)]);
    const { value: _value, ...withoutValue } = aSecret("", HOST);
    world.enforce(injecting, [withoutValue]);
    await request(world, `https://${HOST}/`);
    expect(upstream.seen.at(-1)?.headers.authorization).toBe("Bearer held-value");
    world.enforce(injecting, [{ ...withoutValue, version: "2" }]);
    expect((await request(world, `https://${HOST}/`)).denied).toBe("SecretUnavailable");
  });

  it("denies everything when it takes the policy away, and closes everything", async () => {
    const socket = await openTls(world, `${HOST}:443`);
    await exchange(socket, get(HOST));
    const closed = once(socket, "close");
    world.proxy.enforce(undefined);
    await closed;
    expect((await connect(world, `${HOST}:443`)).answer.denied).toBe("NotConfigured");
  });
});
