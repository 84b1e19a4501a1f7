import { setTimeout as sleep } from "node:timers/promises";
import type { Transfer, TransferResult } from "./client-transfer.ts";
import type { Floors } from "./floors.ts";
import { forgetPeak, peakMegabytes, residentMegabytes } from "./memory.ts";
import { startOurs, throughOurs, type OurProxy, type World } from "./world.ts";

const BYTES = 100 * 1024 * 1024;
const MOST_IDLE_MB = 100;
const MOST_GROWTH_MB = 32;
/** that whoever receives rests at the first bytes */
const REST_MS = 500;
/** for what starting leaves to be collected */
const SETTLE_MS = 1_000;

/** What a fresh proxy holds when it idles, and by how much a long transfer makes that grow. */
export async function measureMemory(world: World, floors: Floors): Promise<void> {
  console.log("\nmemory, RSS of a fresh proxy; transfers of 100 MB on a route with scan: inject-only");
  const idle = await startOurs(world, "idle");
  await move(world, idle, { protocol: "h1", direction: "down", bytes: 1_000 });
  await sleep(SETTLE_MS);
  floors.judge({
    what: "idle, after one request",
    value: residentMegabytes(idle.pid),
    bound: MOST_IDLE_MB,
    is: "at most",
    unit: "MB",
  });
  for (const protocol of ["h1", "h2"] as const) {
    for (const direction of ["down", "up"] as const) {
      await judgeTransfer(world, { protocol, direction, floors });
    }
  }
}

async function judgeTransfer(
  world: World,
  { floors, ...way }: Pick<Transfer, "protocol" | "direction"> & { floors: Floors },
): Promise<void> {
  const ours = await startOurs(world, `${way.protocol}-${way.direction}`);
  // what every transfer needs once
  await move(world, ours, { ...way, bytes: 1024 * 1024 });
  forgetPeak(ours.pid);
  const before = peakMegabytes(ours.pid);
  const { isOffered, arrived, seconds } = await move(world, ours, { ...way, bytes: BYTES });
  if (isOffered && arrived !== BYTES) throw new Error(`${arrived} of ${BYTES} bytes arrived`);
  floors.judge({
    what: `${way.protocol}, 100 MB ${way.direction}${isOffered ? ` in ${seconds.toFixed(1)} s` : ""}, growth at the most`,
    value: isOffered ? peakMegabytes(ours.pid) - before : undefined,
    bound: MOST_GROWTH_MB,
    is: "at most",
    unit: "MB",
    because: "not offered",
  });
  process.kill(ours.pid, "SIGTERM");
}

function move(
  { children, upstreams }: World,
  ours: OurProxy,
  way: Pick<Transfer, "protocol" | "direction" | "bytes">,
): Promise<TransferResult> {
  const { host, proxyPort, ca } = throughOurs(ours).streamed;
  const transfer: Transfer = { ...way, host, proxyPort, ca, port: upstreams.ports.streams, restMs: REST_MS };
  return children.run<TransferResult>("client-transfer.ts", transfer);
}
