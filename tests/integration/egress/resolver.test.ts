import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import type { UpstreamWorld } from "../../../sidecars/egress/upstream/connector.ts";
import { UpstreamPools } from "../../../sidecars/egress/upstream/pools.ts";
import { compileEgress } from "../../../sidecars/wire/compile-egress.ts";
import { systemResolve } from "../../../sidecars/egress/upstream/resolve.ts";
import { startStandaloneEgress } from "../../../sidecars/egress/standalone/index.ts";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { request } from "./client.ts";

/** A DNS server that knows one name, and notes what it is asked. */
async function startDns(
  answer: "address" | "no such name" | "failure",
): Promise<{ socket: Socket; asked: string[] }> {
  const socket = createSocket("udp4");
  const asked: string[] = [];
  socket.on("message", (query, from) => {
    const end = query.indexOf(0, 12) + 5;
    const type = query.readUInt16BE(end - 4);
    asked.push(
      `${query
        .subarray(13, end - 5)
        .toString("latin1")
        .replaceAll(/[\0-\x1f]/g, ".")} ${type}`,
    );
    const isKnown = answer === "address" && type === 1;
    const head = Buffer.from(query.subarray(0, 12));
    const code = answer === "failure" ? 2 : answer === "no such name" ? 3 : 0;
    head.writeUInt16BE(0x8180 | code, 2);
    for (const [at, count] of [1, isKnown ? 1 : 0, 0, 0].entries()) head.writeUInt16BE(count, 4 + 2 * at);
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 127, 0, 0, 1]);
    const parts = [head, query.subarray(12, end), ...(isKnown ? [record] : [])];
    socket.send(Buffer.concat(parts), from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  open.push(() => socket.close());
  return { socket, asked };
}

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});
const serverOf = ({ socket }: { socket: Socket }): string => `127.0.0.1:${socket.address().port}`;

describe("the DNS servers of a policy", () => {
  it("are asked for the addresses of hosts, and nobody else is", async () => {
    const dns = await startDns("address");
    expect(await systemResolve("only-there.example", [serverOf(dns)])).toEqual(["127.0.0.1"]);
    expect(dns.asked.toSorted()).toEqual(["only-there.example 1", "only-there.example 28"]);
  });

  it.each([
    { answer: "no such name" as const, code: "ENOTFOUND" },
    { answer: "failure" as const, code: "ERR_RESOLVER_FAILED" },
  ])("say of a $answer what it is", async ({ answer, code }) => {
    const dns = await startDns(answer);
    await expect(systemResolve("a.example", [serverOf(dns)])).rejects.toMatchObject({ code });
  });

  it("show in the answer to the agent when they do not answer", async () => {
    const dns = await startDns("failure");
    const folder = mkdtempSync(join(tmpdir(), "bb-resolver-"));
    open.push(() => rmSync(folder, { recursive: true }));
    const policy = join(folder, "policy.yaml");
    writeFileSync(policy, `egress: { resolver: ["${serverOf(dns)}"], routes: [{ host: a.example }] }\n`);
    const caOut = join(folder, "ca.pem");
    const running = await startStandaloneEgress({ policy, caOut, listen: "127.0.0.1:0" });
    open.push(() => running.close());
    const world = { port: Number(running.address.split(":")[1]), ca: readFileSync(caOut, "utf8") };
    const answer = await request(world as never, "https://a.example/");
    expect(answer).toMatchObject({
      status: 502,
      headers: { "x-bot-bottle-failed": "UpstreamResolverFailed" },
    });
    expect(dns.asked.length).toBeGreaterThan(0);
  });

  it("make another way of a route, so that no connection found by others is used", () => {
    const egress = { routes: [{ host: "a.example" }] };
    const [before] = compileEgress(egress).routes;
    const [after] = compileEgress({ ...egress, resolver: ["10.0.0.53"] }).routes;
    const pools = new UpstreamPools({} as UpstreamWorld);
    expect(pools.wayOf(after!)).not.toBe(pools.wayOf(before!));
  });
});
