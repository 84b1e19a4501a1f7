import type { RequestListener } from "node:http";
import { aSecret, startUpstream, startWorld, type Upstream, type World } from "./kit.ts";

/** Where a route injects. */
export const HOST = "api.example.com";
/** Where none does. */
export const PLAIN = "plain.example.com";
export const KEY = "the-real-token-q7Wz9LmX2vKp4TbN8cRs";
export const PLACEHOLDER = "egress-placeholder-0123456789abcdef";

export const get = (host = HOST): string => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

/** A made-up run of letters and digits. */
export const run = (length: number): string =>
  "k7Qw2ZxV9mTr4LpN8cBs5HdY1gFj6KaE3uRtW0".repeat(6).slice(0, length);

/** A proxy before an upstream that answers as it is told. */
export async function scrubWorld(
  answer: RequestListener,
): Promise<{ readonly world: World; readonly upstream: Upstream; close(): Promise<void> }> {
  const upstream = await startUpstream({ answer });
  const auth = { secretRef: { name: "cred", key: "token" } };
  const world = await startWorld({
    egress: {
      routes: [
        { host: HOST, methods: ["*"], auth },
        { host: PLAIN, methods: ["*"] },
      ],
    },
    secrets: [{ ...aSecret(KEY, HOST), placeholder: PLACEHOLDER }],
    overrides: { [`${HOST}:443`]: upstream.port, [`${PLAIN}:443`]: upstream.port },
  });
  const close = async (): Promise<void> => {
    await world.close();
    upstream.close();
  };
  return { world, upstream, close };
}
