import { setTimeout as wait } from "node:timers/promises";
import { ageOf as ageAt } from "../age.ts";

/** Milliseconds since the epoch. */
export function nowMs(): number {
  return Date.now();
}

/** Waits; rejects with an AbortError when `signal` is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal });
}

/** Calls `tick` every `ms` until the returned function is called; keeps no process alive. */
export function every(ms: number, tick: () => void): () => void {
  const timer = setInterval(tick, ms);
  timer.unref();
  return () => clearInterval(timer);
}

/** The age of something, now, as kubectl writes it. */
export function ageOf(moment: string | undefined): string {
  return ageAt(moment, new Date());
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of `30s`, `5m`, `1h30m`, `250ms` or bare seconds; undefined when it is none of these. */
export function parseDuration(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  if (!/^(\d+(ms|s|m|h))+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+)(ms|s|m|h)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ""] ?? 0),
    0,
  );
}
