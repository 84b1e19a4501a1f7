import type { Floors } from "./floors.ts";
import { loadOnce, type Protocol, type Times } from "./throughput.ts";
import type { Way, World } from "./world.ts";

const WORK = [
  { name: "GET", bodyBytes: 0, mostAddedMs: 0.5 },
  { name: "POST 10 KB", bodyBytes: 10_000, mostAddedMs: 1 },
  { name: "POST 100 KB", bodyBytes: 100_000, mostAddedMs: 3 },
];

/**
 * What the proxy adds to the median of a client that asks one thing after another, bodies scanned: with one request at a
 * time a rate says nothing else.
 */
export async function measureLatency(
  world: World,
  ways: { readonly direct: Way; readonly scanned: Way; readonly times: Times; readonly floors: Floors },
): Promise<void> {
  for (const protocol of ["h1", "h2"] as const) {
    console.log(`\nlatency, ${protocol}, c=1, full scan`);
    for (const work of WORK) await measureAdded(world, { ...ways, ...work, protocol });
  }
}

type Measured = Parameters<typeof measureLatency>[1] &
  (typeof WORK)[number] & { readonly protocol: Protocol };

async function measureAdded(
  world: World,
  { direct, scanned, times, floors, protocol, name, bodyBytes, mostAddedMs }: Measured,
): Promise<void> {
  const medians = { direct: Infinity, scanned: Infinity };
  for (let round = 0; round < times.rounds; round += 1) {
    for (const [key, way] of Object.entries({ direct, scanned }) as [keyof typeof medians, Way][]) {
      const work = { concurrency: 1, bodyBytes, ...times };
      const { p50 } = await loadOnce(world, { protocol, way, work });
      medians[key] = Math.min(medians[key], p50 ?? Infinity);
    }
  }
  floors.judge({
    what: `${protocol}, ${name}: p50 ${medians.scanned.toFixed(2)} ms, direct ${medians.direct.toFixed(2)} ms, added`,
    value: medians.scanned - medians.direct,
    bound: mostAddedMs,
    is: "at most",
    unit: "ms",
  });
}
