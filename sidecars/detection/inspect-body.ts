import { isOpaque } from "./blind-inflate.ts";
import { decodeContent, mostDecodedBytes } from "./content-coding.ts";
import type { BodyToInspect, Inspection } from "./detector.ts";
import { longRuns } from "./encoded-runs.ts";
import { sniffCoding } from "./inflate.ts";
import { latin1Of } from "./known-values.ts";
import { hasParts, type Part, partsOf } from "./multipart.ts";
import { type Piece, piecesOf } from "./pieces.ts";
import {
  inflatedAs,
  inspectViews,
  MAX_DEPTH,
  type Opaque,
  SLICE,
  type TextSearch,
  tooLarge,
  type View,
  viewOf,
} from "./views.ts";

/** parts of a multipart body; frameworks take a thousand */
const MAX_PARTS = 10_000;
const CLEAN: Inspection = { kind: "clean" };

/**
 * Looks at every view of a body: decoded, its parts, and what encodings hide
 * in it, to a bounded depth. `onPieces` is told of short texts that may be
 * pieces of what is split over requests, and may find with them what they are.
 */
export async function inspectBody(
  body: BodyToInspect,
  search: TextSearch,
  onPieces: (pieces: readonly Piece[]) => Promise<Inspection>,
): Promise<Inspection> {
  if (body.bytes.length === 0) return CLEAN;
  const decoded = await decodeContent(body.bytes, body.contentEncoding);
  if (decoded.kind === "opaque") return decoded;
  const name = body.location ?? "body";
  // what was compressed is seen by those who undo it, and what stands around it by everybody
  const asSent = decoded.layers.map((layer) => viewOf(latin1Of(layer), `${name} as it is sent`, MAX_DEPTH));
  const inflated = await sniffedViews(decoded.bytes, name);
  if ("kind" in inflated) return inflated;
  const parts = await partViews(decoded.bytes, body.contentType);
  if ("kind" in parts) return parts;
  const views = [...asSent, ...bodyViews(decoded.bytes, name), ...inflated, ...parts.views];
  const pieces = [...parts.pieces, ...piecesOf(latin1Of(decoded.bytes.subarray(0, SLICE)))];
  views.push(...joinedViews(joinedTexts(pieces), name));
  const inspection = await inspectViews(views, search);
  return inspection.kind === "clean" ? onPieces(pieces) : inspection;
}

/** what is joined of fields is looked into for encodings up to this length; longer, it is searched as it is */
const LONGEST_UNFOLDED = 1024;

/** Names and values that stand apart, put together: a secret that is split over fields. Prose is no piece of one. */
export function joinedTexts(pieces: readonly Piece[]): string[] {
  if (pieces.length < 2) return [];
  let [values, before] = ["", ""];
  for (const { slot, text } of pieces) {
    const [kind = ""] = slot.split(" ", 1);
    values += `${kind === before ? "" : "\n"}${/\s/.test(text) ? "\n" : text}`;
    before = kind;
  }
  const names = pieces.map(({ name }) => name).join("");
  return [values, names].filter((text) => text.length > 1);
}

export function joinedViews(texts: readonly string[], location: string): View[] {
  return texts.map((text) => {
    const depth = text.length > LONGEST_UNFOLDED ? MAX_DEPTH : 1;
    return viewOf(text, `${location} > joined values`, depth, true);
  });
}

function bodyViews(bytes: Uint8Array, location: string): View[] {
  if (bytes.length <= SLICE) return [viewOf(latin1Of(bytes), location)];
  const compressed = longRuns(latin1Of(bytes), SLICE / 2).filter(
    (run) => sniffCoding(run) !== undefined || isOpaque(run),
  );
  return [
    viewOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), location),
    ...compressed.map((run) => viewOf(latin1Of(run), `${location} > base64`, 1)),
  ];
}

/** Compressed data that no header announces, such as an uploaded file. What only looks like it is left alone. */
async function sniffedViews(bytes: Uint8Array, location: string): Promise<View[] | Opaque> {
  const coding = sniffCoding(bytes);
  if (coding === undefined && !isOpaque(bytes)) return [];
  return inflatedAs(coding, bytes, { location, depth: 1, most: mostDecodedBytes(bytes.length) });
}

/** The parts of a multipart body that hold more than can be seen in it as it stands, and the short ones of the others. */
async function partViews(
  bytes: Uint8Array,
  contentType: string | undefined,
): Promise<{ readonly views: readonly View[]; readonly pieces: readonly Piece[] } | Opaque> {
  const [views, pieces]: [View[], Piece[]] = [[], []];
  if (!hasParts(contentType)) return { views, pieces };
  let [count, left] = [0, mostDecodedBytes(bytes.length)];
  for (const part of partsOf(latin1Of(bytes), contentType)) {
    count += 1;
    if (count > MAX_PARTS) return tooLarge(`the body has more than ${MAX_PARTS} parts`);
    pieces.push({
      slot: `part ${part.name}`,
      name: part.name,
      text: part.content.slice(0, LONGEST_PART_PIECE),
    });
    const found = await viewsOfPart(part);
    if ("kind" in found) return found;
    for (const view of found) left -= view.text.length;
    if (left < 0) return tooLarge("the parts of the body grow too much when their codings are undone");
    views.push(...found);
  }
  return { views, pieces };
}

/** of a part, when its parts are put together */
const LONGEST_PART_PIECE = 1024;

async function viewsOfPart({
  content,
  contentEncoding,
  isCompressed,
}: Part): Promise<readonly View[] | Opaque> {
  const beginning = Buffer.from(content.slice(0, 256), "latin1");
  if (isCompressed === true && content !== "" && sniffCoding(beginning) === undefined) {
    return {
      kind: "opaque",
      code: "BodyUndecodable",
      because: "a message of gRPC has a coding that is not known",
    };
  }
  const isPlain =
    contentEncoding === undefined && sniffCoding(beginning) === undefined && !isOpaque(beginning);
  if (isPlain) return [];
  const decoded = await decodeContent(Buffer.from(content, "latin1"), contentEncoding);
  if (decoded.kind === "opaque") return decoded;
  const inflated = await sniffedViews(decoded.bytes, "body part");
  return "kind" in inflated ? inflated : [viewOf(latin1Of(decoded.bytes), "body part"), ...inflated];
}
