import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { StandaloneOptions } from "../../sidecars/egress/standalone/index.ts";
import type { Load, LoadResult } from "./egress-load.ts";

/**
 * `npm run bench:egress`: the egress proxy beside a direct connection and
 * Debian's mitmproxy on loopback, in one run. Ends with 1 when a floor is not
 * reached. `--quick` measures for a second each.
 */

const HOST = "bench.example.com";
/** of ours to mitmproxy's requests a second, by connections */
const FLOORS: Readonly<Record<number, number>> = { 1: 3, 16: 4 };
const WORK = [
  { name: "GET", bodyBytes: 0 },
  { name: "POST 10 KB", bodyBytes: 10_000 },
];
const measureMs = process.argv.includes("--quick") ? 1_000 : 4_000;

const folder = mkdtempSync(join(tmpdir(), "bb-bench-egress-"));
const children: ChildProcess[] = [];
let failed = false;
try {
  failed = await main();
} finally {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;

async function main(): Promise<boolean> {
  ensureMitmproxy();
  const upstream = await start("egress-upstream.ts", HOST);
  const { port, ca } = upstream.said as { port: number; ca: string };
  writeFileSync(join(folder, "upstream.pem"), ca);
  const ours = await startOurs(port);
  const theirs = await startMitmproxy(port);
  const ways = [
    { name: "direct", proxyPort: undefined, ca, pid: undefined },
    { name: "bb egress, scan full", proxyPort: ours.port, ca: ours.ca, pid: ours.pid },
    { name: "mitmproxy", proxyPort: theirs.port, ca: theirs.ca, pid: theirs.pid },
  ];
  let missed = false;
  for (const { name: work, bodyBytes } of WORK) {
    for (const connections of [1, 16]) {
      const rps: Record<string, number> = {};
      for (const way of ways) {
        const result = await load({
          host: HOST,
          port,
          proxyPort: way.proxyPort,
          ca: way.ca,
          connections,
          bodyBytes,
          warmUpMs: 1_000,
          measureMs,
        });
        rps[way.name] = result.rps;
        print([
          work,
          `c=${connections}`,
          way.name,
          result,
          way.pid === undefined ? "" : `${rssMegabytes(way.pid)} MB`,
        ]);
      }
      const ratio = (rps["bb egress, scan full"] ?? 0) / (rps["mitmproxy"] ?? 1);
      const floor = FLOORS[connections] ?? 0;
      missed ||= ratio < floor;
      console.log(
        `${work}, c=${connections}: ${ratio.toFixed(2)} × mitmproxy, floor ${floor}: ${ratio < floor ? "MISSED" : "held"}\n`,
      );
    }
  }
  return missed;
}

function print([work, connections, way, { rps, p50, p99 }, rss]: [
  string,
  string,
  string,
  LoadResult,
  string,
]): void {
  const numbers = `${String(rps).padStart(7)} rps   p50 ${p50.toFixed(2).padStart(6)} ms   p99 ${p99.toFixed(2).padStart(6)} ms`;
  console.log(`${work.padEnd(11)} ${connections.padEnd(5)} ${way.padEnd(22)} ${numbers}   ${rss}`);
}

async function startOurs(upstreamPort: number): Promise<{ port: number; ca: string; pid: number }> {
  const policy = join(folder, "policy.yaml");
  writeFileSync(policy, `egress: { routes: [{ host: ${HOST}, methods: ["*"] }] }\n`);
  const options: StandaloneOptions = {
    policy,
    listen: "127.0.0.1:0",
    caOut: join(folder, "ours.pem"),
    resolve: [`${HOST}:443=127.0.0.1:${upstreamPort}`],
    upstreamCa: join(folder, "upstream.pem"),
    audit: join(folder, "audit.ndjson"),
  };
  const { said, pid } = await start("egress-alone.ts", JSON.stringify(options));
  const port = Number((said as { address: string }).address.split(":").at(-1));
  return { port, ca: readFileSync(options.caOut, "utf8"), pid };
}

/** Its clients name a host that only our own proxy can resolve, so it is told where that is. */
async function startMitmproxy(upstreamPort: number): Promise<{ port: number; ca: string; pid: number }> {
  const port = await freePort();
  const addon = join(folder, "redirect.py");
  const lines = ["def server_connect(data):", `    data.server.address = ("127.0.0.1", ${upstreamPort})`, ""];
  writeFileSync(addon, lines.join("\n"));
  const home = join(folder, "mitmproxy");
  const settings = [
    `confdir=${home}`,
    "connection_strategy=lazy",
    `ssl_verify_upstream_trusted_ca=${join(folder, "upstream.pem")}`,
  ];
  const child = spawn(
    "mitmdump",
    [
      "-q",
      "-p",
      String(port),
      "--listen-host",
      "127.0.0.1",
      "-s",
      addon,
      ...settings.flatMap((one) => ["--set", one]),
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  children.push(child);
  for (let tries = 0; tries < 100 && !(await answers(port)); tries += 1) await sleep(100);
  return { port, ca: readFileSync(join(home, "mitmproxy-ca-cert.pem"), "utf8"), pid: child.pid ?? 0 };
}

function ensureMitmproxy(): void {
  if (spawnSync("mitmdump", ["--version"]).status === 0) return;
  if (process.getuid?.() !== 0) throw new Error("mitmproxy is not installed: apt-get install mitmproxy");
  console.log("installing Debian's mitmproxy ...");
  const { status } = spawnSync("apt-get", ["install", "-y", "-qq", "mitmproxy"], { stdio: "ignore" });
  if (status !== 0) throw new Error("apt-get install mitmproxy failed");
}

/** Starts one of the programs beside this file, and waits for the line of JSON that it says. */
async function start(program: string, argument: string): Promise<{ said: unknown; pid: number }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, program), argument], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { said: JSON.parse(line), pid: child.pid ?? 0 };
}

async function load(options: Load): Promise<LoadResult> {
  const { said } = await start("egress-load.ts", JSON.stringify(options));
  return said as LoadResult;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const answered = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return answered;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

function rssMegabytes(pid: number): number {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024);
}
