import { afterEach, describe, expect, it } from "vitest";
import type { EgressRoute } from "../../../crds/egress-route.ts";
import { connect, exchange, openTls, request } from "./client.ts";
import { ask2, openHttp2 } from "./h2-client.ts";
import { type Http2Upstream, startHttp2Upstream } from "./h2-kit.ts";
import { startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

const HOST = "name.example.com";
const opened: (Upstream | Http2Upstream | World)[] = [];

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function worldOf(
  route: Partial<EgressRoute>,
  addresses: (host: string) => readonly string[],
): Promise<World> {
  const world = await startWorld({ egress: { routes: [{ host: HOST, ...route }] }, addresses });
  opened.push(world);
  return world;
}

async function anUpstream(address = "127.0.0.1"): Promise<Upstream> {
  const upstream = await startUpstream({ address });
  opened.push(upstream);
  return upstream;
}

describe("the address guard", () => {
  it.each([
    "127.0.0.1",
    "127.8.8.8",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "192.0.0.192",
    "198.18.0.1",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "4000::1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001::1",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
  ])("refuses a name that leads to %s", async (address) => {
    const upstream = await anUpstream();
    const world = await worldOf({ ports: [upstream.port] }, () => [address]);
    const answer = await request(world, `https://${HOST}:${upstream.port}/`);
    expect(answer).toMatchObject({ status: 403, denied: "AddressNotAllowed" });
    expect(upstream.connections()).toBe(0);
    expect(answer.body).not.toContain(address);
  });

  it("lets a route name the private addresses that it may lead to, and no others", async () => {
    const upstream = await anUpstream();
    const route = { ports: [upstream.port], allowPrivate: ["127.0.0.1/32"] };
    const near = await worldOf(route, () => ["127.0.0.1"]);
    expect((await request(near, `https://${HOST}:${upstream.port}/`)).status).toBe(200);
    const next = await worldOf(route, () => ["127.0.0.2"]);
    expect((await request(next, `https://${HOST}:${upstream.port}/`)).denied).toBe("AddressNotAllowed");
    expect(upstream.connections()).toBe(1);
  });

  it("connects to allowed addresses alone when a name leads to several", async () => {
    const upstream = await anUpstream();
    const forbidden = await startUpstream({ address: "127.0.0.2" });
    opened.push(forbidden);
    const world = await worldOf({ ports: [upstream.port], allowPrivate: ["127.0.0.1"] }, () => [
      "127.0.0.2",
      "127.0.0.1",
      "::1",
    ]);
    expect((await request(world, `https://${HOST}:${upstream.port}/`)).status).toBe(200);
    expect(forbidden.connections()).toBe(0);
  });

  it("tries the next allowed address when one does not answer", async () => {
    const upstream = await anUpstream();
    const world = await worldOf({ ports: [upstream.port], allowPrivate: ["127.0.0.0/8"] }, () => [
      "127.0.0.3",
      "127.0.0.1",
    ]);
    expect((await request(world, `https://${HOST}:${upstream.port}/`)).status).toBe(200);
    expect(upstream.connections()).toBe(1);
  });

  it("resolves a name once for a connection and uses what it checked", async () => {
    const upstream = await anUpstream();
    const answers = [["127.0.0.1"], ["127.0.0.2"]];
    const world = await worldOf(
      { ports: [upstream.port], allowPrivate: ["127.0.0.1"] },
      () => answers.shift() ?? [],
    );
    const socket = await openTls(world, `${HOST}:${upstream.port}`);
    for (let n = 0; n < 3; n += 1) {
      const answer = await exchange(socket, `GET / HTTP/1.1\r\nHost: ${HOST}:${upstream.port}\r\n\r\n`);
      expect(answer.status).toBe(200);
    }
    expect(world.resolved).toEqual([HOST]);
    socket.destroy();
  });

  it("checks anew for every connection, whatever the name led to before", async () => {
    const upstream = await startUpstream({
      answer: (_request, response) => response.writeHead(200, { connection: "close" }).end("once"),
    });
    opened.push(upstream);
    const answers = [["127.0.0.1"], ["127.0.0.2"]];
    const world = await worldOf(
      { ports: [upstream.port], allowPrivate: ["127.0.0.1"] },
      () => answers.shift() ?? [],
    );
    expect((await request(world, `https://${HOST}:${upstream.port}/`)).status).toBe(200);
    expect((await request(world, `https://${HOST}:${upstream.port}/`)).denied).toBe("AddressNotAllowed");
    expect(upstream.connections()).toBe(1);
  });

  it("does not lend a connection to a route that may not use its address", async () => {
    const upstream = await anUpstream();
    const { port } = upstream;
    const world = await startWorld({
      egress: {
        routes: [
          { name: "in", host: HOST, ports: [port], paths: ["/in/"], allowPrivate: ["127.0.0.1"] },
          { name: "out", host: HOST, ports: [port], paths: ["/out/"] },
        ],
      },
    });
    opened.push(world);
    expect((await request(world, `https://${HOST}:${port}/in/`)).status).toBe(200);
    expect((await request(world, `https://${HOST}:${port}/out/`)).denied).toBe("AddressNotAllowed");
  });

  it.each(["HTTP/1.1", "HTTP/2"])(
    "uses no idle connection of %s to an address that a new policy does not allow",
    async (version) => {
      const upstream = await startHttp2Upstream();
      opened.push(upstream);
      const route = { host: HOST, ports: [upstream.port] };
      const world = await worldOf({ ...route, allowPrivate: ["127.0.0.1"] }, () => ["127.0.0.1"]);
      const ask = async () => {
        if (version === "HTTP/1.1") return request(world, `https://${HOST}:${upstream.port}/`);
        const session = await openHttp2(world, `${HOST}:${upstream.port}`);
        const answer = await ask2(session, { ":path": "/" });
        session.close();
        return answer;
      };
      expect((await ask()).status).toBe(200);
      world.enforce({ routes: [route] });
      expect((await ask()).denied).toBe("AddressNotAllowed");
      await expect.poll(() => upstream.connections()).toBe(0);
    },
  );

  it("resolves nothing for a request that is denied", async () => {
    const world = await worldOf({}, () => ["127.0.0.1"]);
    await connect(world, "evil.example:443");
    const { socket } = await connect(world, `${HOST}:80`);
    await exchange(socket, `DELETE / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    expect(world.resolved).toEqual([]);
  });

  it("refuses an address that is written out and listed without allowPrivate", async () => {
    const upstream = await anUpstream();
    const { port } = upstream;
    const world = await startWorld({ egress: { routes: [{ host: "127.0.0.1", ports: [port] }] } });
    opened.push(world);
    expect((await request(world, `https://127.0.0.1:${port}/`)).denied).toBe("AddressNotAllowed");
    expect((await request(world, `https://2130706433:${port}/`)).denied).toBe("AddressNotAllowed");
    expect(upstream.connections()).toBe(0);
  });

  it("checks what `upstream` of a route leads to as well", async () => {
    const upstream = await anUpstream();
    const to = { upstream: { address: "backend.internal", port: upstream.port } };
    const refused = await worldOf(to, () => ["127.0.0.1"]);
    expect((await request(refused, `https://${HOST}/`)).denied).toBe("AddressNotAllowed");
    const allowed = await worldOf({ ...to, allowPrivate: ["127.0.0.0/8"] }, () => ["127.0.0.1"]);
    expect((await request(allowed, `https://${HOST}/`)).status).toBe(200);
    expect(allowed.resolved).toEqual(["backend.internal"]);
    expect(upstream.seen[0]?.headers.host).toBe(HOST);
  });

  it.each([
    [
      "is not there",
      () => {
        throw Object.assign(new Error("no"), { code: "ENOTFOUND" });
      },
    ],
    ["has no address", () => []],
  ])("says that a name leads nowhere when it %s", async (_why, addresses) => {
    const world = await worldOf({}, addresses);
    const answer = await request(world, `https://${HOST}/`);
    expect(answer.status).toBe(502);
    expect(answer.headers["x-bot-bottle-failed"]).toBe("UpstreamNameNotFound");
  });
});
