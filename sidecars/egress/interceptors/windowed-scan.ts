import type { Exchange } from "../exchange.ts";
import { inspectionContext } from "../inspection-context.ts";
import { RefusedUnderWayError } from "../upstream/refused-under-way.ts";
import { describeFinding } from "./head-scan.ts";

/** what is held back: no secret, in no encoding, may be longer, or it may pass in two pieces */
const WINDOW_BYTES = 64 * 1024;

/**
 * Passes a body on as it is scanned, window by window. Each window begins within the one before, so that whatever fits
 * into what is held back is seen whole before its first byte leaves. A window is looked at as a body of its own is, but
 * for its type: what a multipart part or an archive holds beyond it is not undone.
 */
export async function* scannedInWindows(
  exchange: Exchange,
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Uint8Array> {
  const { detector } = exchange.enforcement;
  const context = inspectionContext(exchange);
  const search = detector.streamSearch("body");
  const look = async (bytes: Buffer): Promise<void> => {
    const inspection = await exchange.times.scanSlowly(() => detector.inspectBody({ bytes }, context));
    if (inspection.kind === "found") throw found(inspection.finding);
    if (inspection.kind === "opaque") throw new RefusedUnderWayError(inspection);
  };
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    exchange.requestBytes += chunk.length;
    const known = exchange.times.scan(() => search.push(chunk));
    if (known !== undefined) throw found(known);
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    if (held.length < 2 * WINDOW_BYTES) continue;
    await look(held);
    yield held.subarray(0, held.length - WINDOW_BYTES);
    held = held.subarray(held.length - WINDOW_BYTES);
  }
  await look(held);
  if (held.length > 0) yield held;
}

function found(finding: Parameters<typeof describeFinding>[0]): RefusedUnderWayError {
  return new RefusedUnderWayError({ code: "SecretInBody", ...describeFinding(finding) });
}
