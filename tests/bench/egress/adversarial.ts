import { setImmediate } from "node:timers/promises";
import { attacks } from "./attack-bodies.ts";
import type { AttackRun } from "./client-attack.ts";
import type { Floors } from "./floors.ts";
import { answerOf } from "./requests.ts";
import { openTls } from "./tunnel.ts";
import type { Way, World } from "./world.ts";

const MOST_HELD_MS = 50;
const TIMES = 3;

/**
 * How long requests of a second connection wait while bodies that are made to be work are scanned. The least of some
 * rounds counts: a wait that the machine made comes and goes, and one that a body makes comes with the body.
 */
export async function measureAdversarial(
  world: World,
  { scanned, rounds, floors }: { scanned: Way; rounds: number; floors: Floors },
): Promise<void> {
  console.log("\nadversarial bodies of up to 1 MB: the longest wait of small requests on another connection");
  for (const { what } of attacks) {
    let least = { waitMs: Infinity, statuses: [] as number[] };
    for (let round = 0; round < rounds; round += 1) {
      const each = await attackOnce(world, scanned, what);
      if (each.waitMs < least.waitMs) least = each;
    }
    floors.judge({
      what: `${what} (${[...new Set(least.statuses)].join(", ")})`,
      value: least.waitMs,
      bound: MOST_HELD_MS,
      is: "at most",
      unit: "ms",
    });
  }
}

async function attackOnce(
  { children, upstreams }: World,
  { host, proxyPort, ca }: Way,
  what: string,
): Promise<{ waitMs: number; statuses: number[] }> {
  const target = { host, proxyPort, ca, port: upstreams.ports.h1 };
  const socket = await openTls(target);
  const ask = `GET / HTTP/1.1\r\nHost: ${host}:${target.port}\r\n\r\n`;
  const attack: AttackRun = { ...target, what, times: TIMES };
  let isOver = false;
  const statuses = children.run<number[]>("client-attack.ts", attack).finally(() => (isOver = true));
  let waitMs = 0;
  while (!isOver) {
    const started = performance.now();
    await answerOf(socket, ask);
    waitMs = Math.max(waitMs, performance.now() - started);
    await setImmediate();
  }
  socket.destroy();
  return { waitMs, statuses: await statuses };
}
