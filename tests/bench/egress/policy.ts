import { setTimeout as sleep } from "node:timers/promises";
import { quantile } from "../quantiles.ts";
import type { Floors } from "./floors.ts";
import { answerOf } from "./requests.ts";
import { openTls } from "./tunnel.ts";
import { type OurProxy, policyOf, SCANNED, STREAMED, type World, writePolicy } from "./world.ts";

const MOST_MS = 250;
/** allowed and taken away in turns */
const TOGGLED = "toggled.example.com";

/**
 * How long after the write of a policy the next request is judged by it, while a connection to a host that stays
 * allowed goes on with its requests.
 */
export async function measurePolicy(
  { upstreams }: World,
  { ours, changes, floors }: { ours: OurProxy; changes: number; floors: Floors },
): Promise<void> {
  console.log(
    `\nlive policy, ${changes} changes, from the write of the file to the first request that knows`,
  );
  const port = upstreams.ports.h1;
  const kept = await openTls({ host: SCANNED, port, proxyPort: ours.port, ca: ours.ca });
  let isDropped = false;
  kept.once("close", () => (isDropped = true));
  const tookMs: number[] = [];
  for (let change = 0; change < changes; change += 1) {
    const isAllowed = change % 2 === 0;
    const started = performance.now();
    const hosts = [SCANNED, STREAMED, ...(isAllowed ? [TOGGLED] : [])];
    writePolicy(ours.policyFile, policyOf(upstreams, hosts));
    process.kill(ours.pid, "SIGHUP");
    while ((await isOpen(ours, port)) !== isAllowed) await sleep(1);
    tookMs.push(performance.now() - started);
    if (!isDropped) await answerOf(kept, `GET / HTTP/1.1\r\nHost: ${SCANNED}:${port}\r\n\r\n`);
  }
  kept.destroy();
  floors.judge({
    what: `p50 ${quantile(tookMs, 0.5).toFixed(1)} ms, slowest`,
    value: Math.max(...tookMs),
    bound: MOST_MS,
    is: "at most",
    unit: "ms",
  });
  floors.judge({
    what: "connections dropped whose host stayed allowed",
    value: isDropped ? 1 : 0,
    bound: 0,
    is: "at most",
    unit: "",
  });
}

/** Whether a tunnel to the host may be opened now. */
async function isOpen(ours: OurProxy, port: number): Promise<boolean> {
  const opened = await openTls({ host: TOGGLED, port, proxyPort: ours.port, ca: ours.ca }).catch(
    (error: Error) => {
      if (error.message.includes("HostNotAllowed")) return undefined;
      throw error;
    },
  );
  opened?.destroy();
  return opened !== undefined;
}
