import type { Detector, Inspection } from "../../detection/index.ts";
import { compressedStreams, type Stream } from "./compressed-streams.ts";

/** archives within archives */
const MAX_DEPTH = 4;
const MIB = 1024 * 1024;
/** what one stream may unfold into, which is held whole, and all of a file together */
const MOST_STREAM_BYTES = 64 * MIB;
const MOST_BYTES = 512 * MIB;
/** each costs as much as a small file; an archive of more is unpacked by nobody who works on it */
const MOST_STREAMS = 100_000;

const tooLarge = (because: string): Inspection => ({ kind: "opaque", code: "BodyTooLarge", because });
const CLEAN: Inspection = { kind: "clean" };

interface Bounds {
  readonly depth: number;
  /** for all that the file holds together */
  readonly left: { bytes: number; streams: number };
}

/** What a detector says of a file, and of all that is compressed in it. */
export function inspectFile(detector: Detector, bytes: Buffer): Promise<Inspection> {
  return inspectDeep(detector, bytes, { depth: 0, left: { bytes: MOST_BYTES, streams: MOST_STREAMS } });
}

async function inspectDeep(detector: Detector, bytes: Buffer, { depth, left }: Bounds): Promise<Inspection> {
  const inspection = await detector.inspectBody({ bytes });
  if (inspection.kind !== "clean") return inspection;
  for await (const stream of compressedStreams(bytes, MOST_STREAM_BYTES)) {
    left.bytes -= stream.bytes.length;
    left.streams -= 1;
    const isTooMuch = stream.end === "tooLarge" || left.bytes < 0 || left.streams < 0;
    if (isTooMuch) return tooLarge("what is compressed in it grows too much");
    const inside = await inspectStream(detector, stream, { depth: depth + 1, left });
    if (inside.kind !== "clean") return inside;
  }
  return CLEAN;
}

async function inspectStream(detector: Detector, stream: Stream, bounds: Bounds): Promise<Inspection> {
  if (stream.bytes.length === 0) return CLEAN;
  if (bounds.depth <= MAX_DEPTH) {
    const inside = await inspectDeep(detector, stream.bytes, bounds);
    return inside.kind === "found" ? within(stream.form, inside) : inside;
  }
  return stream.end === "whole" ? tooLarge("it holds too many archives within archives") : CLEAN;
}

/** The location is read from the outside to the inside. */
function within(form: string, { kind, finding }: Extract<Inspection, { kind: "found" }>): Inspection {
  const [outermost = "body", ...inner] = finding.location.split(" > ");
  return { kind, finding: { ...finding, location: [outermost, form, ...inner].join(" > ") } };
}
