import type { Floors } from "./floors.ts";
import type { Load, LoadResult } from "./load.ts";
import { residentMegabytes, usedMicroseconds } from "./memory.ts";
import type { Way, World } from "./world.ts";

const WORK = [
  { name: "GET", bodyBytes: 0 },
  { name: "POST 10 KB", bodyBytes: 10_000 },
  { name: "POST 100 KB", bodyBytes: 100_000 },
  { name: "POST 1 MB", bodyBytes: 1_000_000 },
];
/** characters of a column */
const CELL = 38;
const CONCURRENCIES = [1, 16, 64];

export interface Times {
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface Ways {
  readonly direct: Way;
  readonly streamed: Way;
  readonly scanned: Way;
  readonly squid?: Way;
  readonly mitmproxy: Way;
}

export type Protocol = "h1" | "h2";
type WayName = keyof Ways;
interface Measured extends LoadResult {
  /** of the proxy, for each request; undefined where there is none */
  readonly processorMicroseconds: number | undefined;
}

/** by concurrency */
type Row = Map<number, Measured>;
type Rows = Map<WayName, Row>;

interface Plan {
  readonly protocol: Protocol;
  readonly ways: Ways;
  readonly times: Times;
  readonly floors: Floors;
}

/**
 * One table a body: each way in a row, each concurrency in a column, with the time of a processor that the proxy took
 * for each request, which the machine's other work changes little; below it the ratios that have floors.
 */
export async function measureThroughput(world: World, plan: Plan): Promise<void> {
  const { protocol, ways, floors } = plan;
  for (const work of WORK) {
    const title = `${protocol}, ${work.name}`;
    console.log(`\n${title}${protocol === "h2" ? " (c streams of one connection)" : ""}`);
    const columns = CONCURRENCIES.map((each) => `c=${each}: rps  p50 ms  p99 ms  CPU µs`.padStart(CELL));
    console.log(`  ${"".padEnd(22)}${columns.join("")}   RSS`);
    const rows: Rows = new Map(Object.keys(ways).map((key) => [key as WayName, new Map()]));
    await warmUp(world, plan, work.bodyBytes);
    for (const concurrency of CONCURRENCIES) await fillColumn(world, plan, { ...work, concurrency }, rows);
    for (const [key, row] of rows) {
      const way = ways[key]!;
      console.log(`  ${way.name.padEnd(22)}${[...row.values()].map(cell).join("")}   ${residentOf(way)}`);
    }
    if (ways.squid === undefined) console.log(`  ${"Squid ssl-bump".padEnd(22)}– (speaks no HTTP/2)`);
    judge({ title, protocol, bodyBytes: work.bodyBytes, rows, floors });
  }
}

/** Engines that compile what runs often are measured as they are after hours, and so are all others. */
async function warmUp(world: World, { protocol, ways, times }: Plan, bodyBytes: number): Promise<void> {
  for (const way of Object.values(ways)) {
    await loadOnce(world, { protocol, way, work: { ...times, concurrency: 16, bodyBytes } });
  }
}

/** In rounds, so that all ways have the same weather; what counts of each is its best round. */
async function fillColumn(
  world: World,
  { protocol, ways, times }: Plan,
  work: { readonly concurrency: number; readonly bodyBytes: number },
  rows: Rows,
): Promise<void> {
  for (let round = 0; round < times.rounds; round += 1) {
    for (const [key, row] of rows) {
      const result = await loadOnce(world, { protocol, way: ways[key]!, work: { ...work, ...times } });
      const best = row.get(work.concurrency);
      if (best === undefined || result.rps > best.rps) row.set(work.concurrency, result);
    }
  }
}

export async function loadOnce(
  { children, upstreams }: World,
  { protocol, way, work }: { protocol: Protocol; way: Way; work: Omit<Load, keyof Way | "port"> },
): Promise<Measured> {
  const { host, proxyPort, ca, pid } = way;
  const load: Load = { ...work, host, proxyPort, ca, port: upstreams.ports[protocol] };
  const before = pid === undefined ? NaN : usedMicroseconds(pid);
  const result = await children.run<LoadResult>(`load-${protocol}.ts`, load);
  const used = pid === undefined ? NaN : usedMicroseconds(pid) - before;
  return { ...result, processorMicroseconds: pid === undefined ? undefined : used / result.asked };
}

function cell({ isOffered, rps, p50, p99, processorMicroseconds }: Measured): string {
  if (!isOffered) return "not offered".padStart(CELL);
  const used = processorMicroseconds?.toFixed(0) ?? "";
  return `${String(rps).padStart(14)}${(p50 ?? NaN).toFixed(2).padStart(8)}${(p99 ?? NaN).toFixed(2).padStart(8)}${used.padStart(8)}`;
}

const residentOf = ({ pid }: Way): string => (pid === undefined ? "" : `${residentMegabytes(pid)} MB`);

/** One figure of a table. */
interface Cell {
  readonly protocol: Protocol;
  readonly bodyBytes: number;
  readonly concurrency: number;
}

interface Judged extends Omit<Cell, "concurrency"> {
  readonly title: string;
  readonly rows: Rows;
  readonly floors: Floors;
}

interface Ratio {
  readonly ours: WayName;
  readonly theirs: WayName;
  readonly floorOf: (cell: Cell) => number | undefined;
}

/** By the time of a processor that each request takes: of a machine that has other work it says more than the rate. */
function workRatio(own: Measured, other: Measured): string {
  const [ours, theirs] = [own.processorMicroseconds ?? NaN, other.processorMicroseconds ?? NaN];
  const ratio = theirs / ours;
  return Number.isFinite(ratio) ? ` (CPU ${ratio.toFixed(1)} ×)` : "";
}

/** Our rate to that of another proxy, in one run. At 1 MB all of them do little but move bytes. */
const RATIOS: readonly Ratio[] = [
  { ours: "streamed", theirs: "squid", floorOf: () => 0.9 },
  { ours: "streamed", theirs: "mitmproxy", floorOf: (cell) => floorBeside(cell, { large: 4 }) },
  { ours: "scanned", theirs: "mitmproxy", floorOf: (cell) => floorBeside(cell, { large: 1 }) },
];

/** With one request at a time a rate is the inverse of a latency, which has floors of its own (ADR 28); GET has both. */
function floorBeside(
  { protocol, bodyBytes, concurrency }: Cell,
  { large }: { readonly large: number },
): number | undefined {
  const isRate = concurrency > 1 || (protocol === "h1" && bodyBytes === 0);
  if (!isRate || bodyBytes > 100_000) return undefined;
  return bodyBytes <= 10_000 ? 4 : large;
}

function judge({ title, protocol, bodyBytes, rows, floors }: Judged): void {
  for (const { ours, theirs, floorOf } of RATIOS) {
    for (const concurrency of CONCURRENCIES) {
      const [own, other] = [rows.get(ours)?.get(concurrency), rows.get(theirs)?.get(concurrency)];
      if (own === undefined || other === undefined) continue;
      floors.judge({
        what: `${title}, c=${concurrency}: ${ours === "scanned" ? "full scan" : "no scan"} to ${theirs}${workRatio(own, other)}`,
        value: own.isOffered && other.isOffered ? own.rps / other.rps : undefined,
        bound: floorOf({ protocol, bodyBytes, concurrency }),
        is: "at least",
        unit: "×",
        because: "not offered",
      });
    }
  }
}
