import type { Target } from "./tunnel.ts";

/** What a load client does. */
export interface Load extends Target {
  /** h1: as many connections; h2: as many streams of one connection */
  readonly concurrency: number;
  /** of each request; none: GET */
  readonly bodyBytes: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface LoadResult {
  /** the other side does not speak the protocol */
  readonly isOffered: boolean;
  readonly rps: number;
  /** null when no request was answered in time, as JSON has it */
  readonly p50: number | null;
  readonly p99: number | null;
  /** requests in all, those of the warm-up among them */
  readonly asked: number;
}

/** JSON of words: nothing that looks like a secret, nothing that compresses the work of a scanner away. */
export function bodyOf(bytes: number): string {
  const words: string[] = [];
  const some = ["function", "return", "the", "value", "of", "const", "index", "array", "which", "request"];
  for (let index = 0, length = 0; length < bytes; index += 1) {
    const word = `${some[(index * 7 + (index >> 3)) % some.length]}${index % 13 === 0 ? `_${index}` : ""}`;
    words.push(word);
    length += word.length + 1;
  }
  return JSON.stringify({
    messages: [{ role: "user", content: words.join(" ").slice(0, Math.max(0, bytes - 50)) }],
  });
}

/** Sends one request and resolves when its answer is whole; rejects when it is no 200. */
export type Ask = () => Promise<void>;

/** Asks one after another on each of the lanes, and counts what began and ended after the warm-up. */
export async function measure(lanes: readonly Ask[], load: Load): Promise<LoadResult> {
  const start = performance.now() + load.warmUpMs;
  const end = start + load.measureMs;
  const latencies: number[] = [];
  let asked = 0;
  await Promise.all(
    lanes.map(async (ask) => {
      for (let sent = performance.now(); sent < end; sent = performance.now()) {
        await ask();
        asked += 1;
        const now = performance.now();
        if (now >= start && now < end) latencies.push(now - sent);
      }
    }),
  );
  latencies.sort((a, b) => a - b);
  const at = (share: number): number | null => latencies[Math.floor(latencies.length * share)] ?? null;
  const rps = Math.round((latencies.length / load.measureMs) * 1000);
  return { isOffered: true, rps, p50: at(0.5), p99: at(0.99), asked };
}
