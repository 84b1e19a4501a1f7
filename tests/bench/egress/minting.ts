import { quantile, timed } from "../quantiles.ts";
import type { Floors } from "./floors.ts";
import { openTls } from "./tunnel.ts";
import { newHost, NEW_HOSTS, type OurProxy, type World } from "./world.ts";

const MOST_MS = 2;

/** What a host that was never asked for adds to CONNECT and the handshake: the proxy makes its leaf. */
export async function measureMinting(
  { upstreams }: World,
  { ours, floors }: { ours: OurProxy; floors: Floors },
): Promise<void> {
  console.log(`\nleaf certificates, ${NEW_HOSTS} new hosts, through CONNECT and the handshake`);
  const open = async (host: string): Promise<void> => {
    const port = upstreams.ports.h1;
    (await openTls({ host, port, proxyPort: ours.port, ca: ours.ca })).destroy();
  };
  const first: number[] = [];
  const again: number[] = [];
  for (let index = 0; index < NEW_HOSTS; index += 1) {
    first.push(await timed(() => open(newHost(index))));
    again.push(await timed(() => open(newHost(index))));
  }
  const [p50First, p50Again] = [quantile(first, 0.5), quantile(again, 0.5)];
  floors.judge({
    what: `p50 of the first ${p50First.toFixed(2)} ms, of the second ${p50Again.toFixed(2)} ms, added`,
    value: p50First - p50Again,
    bound: MOST_MS,
    is: "at most",
    unit: "ms",
  });
}
