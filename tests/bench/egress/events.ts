import { quantile } from "../quantiles.ts";
import type { EventStream } from "./client-events.ts";
import type { Floors } from "./floors.ts";
import type { Way, World } from "./world.ts";

const EVERY_MS = 3;
const MOST_ADDED_MS = 1;

/** What the proxy adds to the age that an event has when its client sees it. */
export async function measureEvents(
  { children, upstreams }: World,
  {
    direct,
    streamed,
    count,
    rounds,
    floors,
  }: {
    direct: Way;
    streamed: Way;
    count: number;
    rounds: number;
    floors: Floors;
  },
): Promise<void> {
  console.log(`\nserver-sent events, one every ${EVERY_MS} ms, ${count} of them`);
  const results: { direct: number; streamed: number }[] = [];
  const p99Of = async ({ host, proxyPort, ca }: Way): Promise<number> => {
    const port = upstreams.ports.streams;
    const wanted: EventStream = { host, proxyPort, ca, port, count, everyMs: EVERY_MS };
    return quantile(await children.run<number[]>("client-events.ts", wanted), 0.99);
  };
  for (let round = 0; round < rounds; round += 1) {
    // side by side: what the machine does to the one it does to the other
    const [ofDirect, ofStreamed] = await Promise.all([p99Of(direct), p99Of(streamed)]);
    results.push({ direct: ofDirect, streamed: ofStreamed });
  }
  const p99 = results.toSorted((a, b) => a.streamed - a.direct - (b.streamed - b.direct))[0]!;
  floors.judge({
    what: `p99 ${p99.streamed.toFixed(2)} ms, direct ${p99.direct.toFixed(2)} ms, added`,
    value: p99.streamed - p99.direct,
    bound: MOST_ADDED_MS,
    is: "at most",
    unit: "ms",
  });
}
