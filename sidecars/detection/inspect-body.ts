import { setImmediate } from "node:timers/promises";
import { decodeContent, mostDecodedBytes } from "./content-coding.ts";
import type { BodyToInspect, Finding, Inspection } from "./detector.ts";
import { hiddenTextsOf } from "./encodings.ts";
import { inflate, sniffCoding } from "./inflate.ts";
import { latin1Of } from "./known-values.ts";
import { type Part, partsOf } from "./multipart.ts";

/** Looks at one text as it stands. */
export type FindInText = (text: string, location: string) => Finding | undefined;

/** What is looked for. */
export interface BodySearch {
  readonly find: FindInText;
  /** characters of the longest known value in its longest form */
  readonly longest: number;
}

/** how many encodings within encodings are undone */
const MAX_DEPTH = 3;
/** texts longer than this are looked at in slices, so that other requests are served in between */
const SLICE = 128 * 1024;
/** no pattern is longer */
const OVERLAP = 4 * 1024;
/** characters that all hidden texts together may have, for each one of the body; more is an attack on the scanner */
const MAX_GROWTH = 8;
const GROWTH_FREE = 1024 * 1024;
/** parts of a multipart body; frameworks take a thousand */
const MAX_PARTS = 10_000;

interface View {
  /** bytes as a Latin-1 string; those of a large body stay bytes, of which a slice at a time is made a string */
  readonly text: string | Buffer;
  readonly location: string;
  readonly depth: number;
  /** where the next slice begins */
  readonly from: number;
}

type Opaque = Extract<Inspection, { kind: "opaque" }>;
type Views = readonly View[] | Opaque;

const CLEAN: Inspection = { kind: "clean" };
const TOO_DEEP = tooLarge("the body holds too many encodings within encodings");

/** Looks at every view of a body: decoded, its parts, and what encodings hide in it, to a bounded depth. */
export async function inspectBody(body: BodyToInspect, search: BodySearch): Promise<Inspection> {
  if (body.bytes.length === 0) return CLEAN;
  const decoded = await decodeContent(body.bytes, body.contentEncoding);
  if (decoded.kind === "opaque") return decoded;
  // what was compressed is seen by those who undo it, and what stands around it by everybody
  const asSent = decoded.layers.map((layer) => viewOf(latin1Of(layer), "body as it is sent", MAX_DEPTH));
  const [inflated, parts] = [
    await sniffedViews(decoded.bytes, "body"),
    await partViews(decoded.bytes, body.contentType),
  ];
  if ("kind" in inflated) return inflated;
  if ("kind" in parts) return parts;
  return inspectViews([...asSent, viewOfBytes(decoded.bytes, "body"), ...inflated, ...parts], search);
}

/** Takes views from the end of the list, and puts there what each hides. */
async function inspectViews(views: View[], { find, longest }: BodySearch): Promise<Inspection> {
  const overlap = Math.min(Math.max(OVERLAP, longest), SLICE / 2);
  let left = views.reduce((sum, { text }) => sum + text.length, 0) * MAX_GROWTH + GROWTH_FREE;
  for (let view = views.pop(); view !== undefined; view = views.pop()) {
    const slice = sliceOf(view);
    const finding = find(slice, view.location);
    if (finding !== undefined) return { kind: "found", finding };
    // the rest waits below what this slice hides, so that little is held at a time
    if (view.from + SLICE < view.text.length) views.push({ ...view, from: view.from + SLICE - overlap });
    const hidden = await hiddenViews(view, slice, left);
    if ("kind" in hidden) return hidden;
    for (const each of hidden) left -= each.text.length;
    if (left < 0) return TOO_DEEP;
    views.push(...hidden);
    if (view.text.length > SLICE) await setImmediate();
  }
  return CLEAN;
}

/** What a slice of a view hides. */
async function hiddenViews(
  { text, location, depth, from }: View,
  slice: string,
  left: number,
): Promise<Views> {
  if (depth >= MAX_DEPTH) return [];
  const views = hiddenTextsOf(slice).map((hidden) =>
    viewOf(hidden.text, `${location} > ${hidden.form}`, depth + 1),
  );
  // the body itself was looked at by those who undo codings
  if (from > 0 || depth === 0 || typeof text !== "string") return views;
  const coding = sniffCoding(beginningOf(text));
  if (coding === undefined) return views;
  const { bytes, end } = await inflate(Buffer.from(text, "latin1"), coding, left);
  if (end === "tooLarge") return TOO_DEEP;
  return [...views, viewOf(latin1Of(bytes), `${location} > ${coding}`, depth + 1)];
}

/** Compressed data that no header announces, such as an uploaded file. What only looks like it is left alone. */
async function sniffedViews(bytes: Uint8Array, location: string): Promise<Views> {
  const coding = sniffCoding(bytes);
  if (coding === undefined) return [];
  const inflated = await inflate(bytes, coding, mostDecodedBytes(bytes.length));
  if (inflated.end === "tooLarge")
    return tooLarge(`the ${location} grows too much when its ${coding} coding is undone`);
  return [viewOf(latin1Of(inflated.bytes), `${location} > ${coding}`, 1)];
}

/** The parts of a multipart body that hold more than can be seen in it as it stands. */
async function partViews(bytes: Uint8Array, contentType: string | undefined): Promise<Views> {
  const views: View[] = [];
  if (contentType?.toLowerCase().startsWith("multipart/") !== true) return views;
  let [count, left] = [0, mostDecodedBytes(bytes.length)];
  for (const part of partsOf(latin1Of(bytes), contentType)) {
    count += 1;
    if (count > MAX_PARTS) return tooLarge(`the body has more than ${MAX_PARTS} parts`);
    const found = await viewsOfPart(part);
    if ("kind" in found) return found;
    for (const view of found) left -= view.text.length;
    if (left < 0) return tooLarge("the parts of the body grow too much when their codings are undone");
    views.push(...found);
  }
  return views;
}

async function viewsOfPart({ content, contentEncoding }: Part): Promise<Views> {
  const isPlain = contentEncoding === undefined && sniffCoding(beginningOf(content)) === undefined;
  if (isPlain) return [];
  const decoded = await decodeContent(Buffer.from(content, "latin1"), contentEncoding);
  if (decoded.kind === "opaque") return decoded;
  const inflated = await sniffedViews(decoded.bytes, "body part");
  return "kind" in inflated ? inflated : [viewOf(latin1Of(decoded.bytes), "body part", 0), ...inflated];
}

const beginningOf = (text: string): Buffer => Buffer.from(text.slice(0, 4), "latin1");

const sliceOf = ({ text, from }: View): string =>
  typeof text === "string" ? text.slice(from, from + SLICE) : text.toString("latin1", from, from + SLICE);

function viewOfBytes(bytes: Uint8Array, location: string): View {
  if (bytes.length <= SLICE) return viewOf(latin1Of(bytes), location, 0);
  return viewOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), location, 0);
}

const viewOf = (text: View["text"], location: string, depth: number): View => ({
  text,
  location,
  depth,
  from: 0,
});

function tooLarge(because: string): Opaque {
  return { kind: "opaque", code: "BodyTooLarge", because };
}
