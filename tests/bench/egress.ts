import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Children } from "./egress/children.ts";
import { measureAdversarial } from "./egress/adversarial.ts";
import { measureCodex } from "./egress/codex.ts";
import { measureEvents } from "./egress/events.ts";
import { Floors } from "./egress/floors.ts";
import { measureLatency } from "./egress/latency.ts";
import { measureMinting } from "./egress/minting.ts";
import { readOptions } from "./egress/options.ts";
import { measurePolicy } from "./egress/policy.ts";
import { measureThroughput, type Ways } from "./egress/throughput.ts";
import { measureMemory } from "./egress/transfers.ts";
import {
  direct,
  startOurs,
  startUpstreams,
  throughMitmproxy,
  throughOurs,
  throughSquid,
  type World,
} from "./egress/world.ts";

/**
 * `npm run bench:egress`: the egress proxy beside a direct connection and Debian's Squid and mitmproxy on loopback, in
 * one run. Ends with 1 when a floor is missed. `--quick` takes less time and is less exact; `--only h1,sse` measures
 * some sections alone.
 */
const { sections, isQuick } = readOptions(process.argv.slice(2));
const size = isQuick ? "quick" : "whole";
const EVENTS = { quick: { count: 200, rounds: 1 }, whole: { count: 1_000, rounds: 3 } };
const CHANGES = { quick: 6, whole: 30 };
const times = isQuick
  ? { rounds: 1, warmUpMs: 300, measureMs: 700 }
  : { rounds: 3, warmUpMs: 500, measureMs: 1_500 };
const folder = mkdtempSync(join(tmpdir(), "bb-bench-egress-"));
const children = new Children();
const floors = new Floors();
try {
  await main();
} finally {
  await children.endAll();
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = floors.sumUp() ? 0 : 1;

async function main(): Promise<void> {
  const world: World = { children, folder, upstreams: await startUpstreams(children) };
  const ours = await startOurs(world);
  const own = { direct: direct(world), ...throughOurs(ours) };
  if (sections.has("latency")) await measureLatency(world, { ...own, times, floors });
  if (sections.has("sse")) await measureEvents(world, { ...own, ...EVENTS[size], floors });
  if (sections.has("minting")) await measureMinting(world, { ours, floors });
  if (sections.has("policy")) await measurePolicy(world, { ours, changes: CHANGES[size], floors });
  if (sections.has("memory")) await measureMemory(world, floors);
  if (sections.has("adversarial")) await measureAdversarial(world, { ...own, ...times, floors });
  if (sections.has("codex")) await measureCodex(world, { rounds: times.rounds, floors });
  if (sections.has("h1") || sections.has("h2")) await besideOthers(world, own);
}

async function besideOthers(world: World, own: Pick<Ways, "direct" | "streamed" | "scanned">): Promise<void> {
  const ways = { ...own, mitmproxy: await throughMitmproxy(world) };
  if (sections.has("h1")) {
    const all = { ...ways, squid: await throughSquid(world) };
    await measureThroughput(world, { protocol: "h1", ways: all, times, floors });
  }
  if (sections.has("h2")) await measureThroughput(world, { protocol: "h2", ways, times, floors });
}
