import { setImmediate } from "node:timers/promises";
import { type Attack, attacks, guardedAttacks } from "./attack-bodies.ts";
import type { AttackRun } from "./client-attack.ts";
import type { Floors } from "./floors.ts";
import { answerOf } from "./requests.ts";
import { openTls } from "./tunnel.ts";
import { GUARDED, type Way, type World } from "./world.ts";

const MOST_HELD_MS = 50;
const TIMES = 3;

/** What one attack did to the proxy. */
interface Harm {
  /** the longest turn of its event loop, in processor time */
  readonly heldMs: number;
  /** the longest that a small request of another connection waited, whatever else the machine did */
  readonly waitMs: number;
  readonly statuses: readonly number[];
}

/** How long bodies that are made to be work hold the proxy while they are scanned: the least of some rounds. */
export async function measureAdversarial(
  world: World,
  { scanned, rounds, floors }: { scanned: Way; rounds: number; floors: Floors },
): Promise<void> {
  console.log("\nadversarial bodies of up to 1 MB: the longest turn of the event loop, in processor time");
  await measureAll(world, attacks, { way: scanned, rounds, floors });
  console.log("\nthe same of requests that go with a credential to a model's API, and of their paths");
  await measureAll(world, guardedAttacks, { way: { ...scanned, host: GUARDED }, rounds, floors });
}

async function measureAll(
  world: World,
  all: readonly Attack[],
  { way, rounds, floors }: { way: Way; rounds: number; floors: Floors },
): Promise<void> {
  for (const { what } of all) {
    let least: Harm = { heldMs: Infinity, waitMs: Infinity, statuses: [] };
    for (let round = 0; round < rounds; round += 1) {
      const each = await attackOnce(world, way, what);
      if (each.heldMs < least.heldMs) least = each;
    }
    const waited = `others waited ${least.waitMs.toFixed(0)} ms`;
    floors.judge({
      what: `${what} (${[...new Set(least.statuses)].join(", ")}; ${waited})`,
      value: least.heldMs,
      bound: MOST_HELD_MS,
      is: "at most",
      unit: "ms",
    });
  }
}

async function attackOnce(
  { children, upstreams }: World,
  { host, proxyPort, ca, pid = 0 }: Way,
  what: string,
): Promise<Harm> {
  const target = { host, proxyPort, ca, port: upstreams.ports.h1 };
  const socket = await openTls(target);
  const ask = `GET / HTTP/1.1\r\nHost: ${host}:${target.port}\r\n\r\n`;
  const attack: AttackRun = { ...target, what, times: TIMES };
  process.kill(pid, "SIGUSR2");
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
  const { longestMs } = await children.ask<{ longestMs: number }>(pid, "SIGUSR2");
  return { heldMs: longestMs, waitMs, statuses: await statuses };
}
