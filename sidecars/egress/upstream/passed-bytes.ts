import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const MB = 1024 * 1024;
/** what may pass before the buffers that it came in are collected: for each exchange under way, within bounds */
const COLLECTED_AT_BYTES = { each: MB / 2, least: 2 * MB, most: 32 * MB };

type Collect = (options: { readonly type: "minor" }) => void;

let passed = 0;
let exchanges = 0;
let collect: Collect | undefined;

/** How many exchanges are under way: what they hold must not be collected again and again, as it would grow old with them. */
export function expectPassing(underWay: number): void {
  exchanges = underWay;
}

/**
 * Counts what was relayed, and has V8 collect young garbage every few megabytes of it. V8 would wait until its young
 * generation is full, which does not hold what buffers point to: of a long transfer some 80 MB would lie about, and
 * each new buffer would be memory that no cache knows.
 */
export function countPassed(bytes: number): void {
  passed += bytes;
  const { each, least, most } = COLLECTED_AT_BYTES;
  if (passed < Math.min(most, Math.max(least, exchanges * each))) return;
  passed = 0;
  collect ??= exposeCollector();
  collect({ type: "minor" });
}

/** Node gives it to contexts that begin after the flag is set, and so to no other code here. */
function exposeCollector(): Collect {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as Collect;
}
