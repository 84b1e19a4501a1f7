import { setImmediate } from "node:timers/promises";
import { inflateBlindly, isOpaque } from "./blind-inflate.ts";
import type { Finding, Inspection } from "./detector.ts";
import { encodedRuns, LEAST_OPAQUE } from "./encoded-runs.ts";
import { groupedTexts } from "./groups.ts";
import { inflate, sniffCoding } from "./inflate.ts";
import { joinedStrings } from "./joined-strings.ts";
import { latin1Of } from "./known-values.ts";
import { isBinary, stringsIn } from "./strings.ts";
import { QUOTED, unwrapped } from "./unwrapping.ts";

/** Looks at one text as it stands. */
export type FindInText = (text: string, about: TextAbout) => Finding | undefined;

export interface TextAbout {
  readonly location: string;
  /** joined from pieces that stood apart */
  readonly isJoined: boolean;
}

/** What is looked for. */
export interface TextSearch {
  readonly find: FindInText;
  /** patterns that take long: gives way to other requests meanwhile */
  readonly findSlowly?: ((text: string, location: string) => Promise<Finding | undefined>) | undefined;
  /** characters of the longest known value in its longest form */
  readonly longest: number;
}

/** One text of a request: as it came, or as something in it hides it. */
export interface View extends TextAbout {
  /** bytes as a Latin-1 string; those of a large body stay bytes, of which a slice at a time is made a string */
  readonly text: string | Buffer;
  readonly depth: number;
  /** where the next slice begins */
  readonly from: number;
  /** compressed: there is nothing to be seen in it before that is undone */
  readonly isPacked?: boolean;
  /** hides more than is looked at */
  readonly isTooMuch?: boolean;
}

export type Opaque = Extract<Inspection, { kind: "opaque" }>;

/** how many encodings within encodings are undone; escapes of all kinds, in whatever order, count as one */
export const MAX_DEPTH = 3;
/** texts longer than this are looked at in slices */
export const SLICE = 32 * 1024;
/** characters that are looked at before others have a turn; of the costliest ones they take a few milliseconds */
const TURN = 32 * 1024;
/** what a view costs beside its length */
const VIEW_COST = 256;
/** no pattern is longer */
const OVERLAP = 4 * 1024;
/** characters that all hidden texts together may have, for each one of the body; more is an attack on the scanner */
const MAX_GROWTH = 16;
const GROWTH_FREE = 1024 * 1024;
/** tries of decoders on bytes that show no coding, in one body */
const MOST_BLIND = 4;

const CLEAN: Inspection = { kind: "clean" };
const TOO_DEEP = tooLarge("the body holds too many encodings within encodings");

export function viewOf(text: View["text"], location: string, depth = 0, isJoined = false): View {
  return { text, location, depth, isJoined, from: 0 };
}

export function tooLarge(because: string): Opaque {
  return { kind: "opaque", code: "BodyTooLarge", because };
}

/** What the looking at one piece of a request may still take. */
interface Allowance {
  /** characters of hidden texts */
  growth: number;
  blind: number;
  /** characters until others have a turn */
  turn: number;
}

/**
 * Takes views from the end of the list, looks at each, and puts there what it hides. `blind` is how often decoders are
 * tried on bytes that show no coding.
 */
export async function inspectViews(
  views: View[],
  search: TextSearch,
  blind = MOST_BLIND,
): Promise<Inspection> {
  const overlap = Math.min(Math.max(OVERLAP, search.longest), SLICE / 2);
  const size = views.reduce((sum, { text }) => sum + text.length, 0);
  const left: Allowance = { growth: size * MAX_GROWTH + GROWTH_FREE, blind, turn: TURN };
  for (let view = views.pop(); view !== undefined; view = views.pop()) {
    // the rest waits below what this slice hides, so that little is held at a time
    if (view.from + SLICE < view.text.length) views.push({ ...view, from: view.from + SLICE - overlap });
    const seen = await lookAt(view, search, left);
    if (seen.kind !== "views") return seen;
    for (const { text } of seen.views) left.growth -= text.length;
    if (left.growth < 0) return TOO_DEEP;
    views.push(...seen.views);
  }
  return CLEAN;
}

type Seen =
  Exclude<Inspection, { kind: "clean" }> | { readonly kind: "views"; readonly views: readonly View[] };

/** Looks at a slice as it stands and with its escapes undone, and says what else is in it. */
async function lookAt(view: View, search: TextSearch, left: Allowance): Promise<Seen> {
  if (view.isTooMuch === true) return TOO_DEEP;
  const inflated = await inflatedViews(view, left);
  if ("kind" in inflated) return inflated;
  if (view.isPacked === true) return { kind: "views", views: inflated };
  const slice = sliceOf(view);
  const finding = await findIn(slice, view, search, left);
  if (finding !== undefined) return { kind: "found", finding };
  // in binary data only its strings have escapes
  const text = isBinary(slice) ? stringsIn(Buffer.from(slice, "latin1")) : slice;
  const inside = await lookInside({ ...view, text, from: 0 }, text, search, left);
  return inside.kind === "views" ? { kind: "views", views: [...inside.views, ...inflated] } : inside;
}

/** Looks at each step of undoing the escapes of a text. */
async function lookInside(view: View, whole: string, search: TextSearch, left: Allowance): Promise<Seen> {
  let [text, location] = [whole, view.location];
  const hidden: View[] = [];
  for (const step of unwrapped(whole)) {
    // a line of base64 may end as one of quoted-printable does, and would run into the next
    if (step.form === QUOTED) hidden.push(...hiddenIn(text, location, view.depth + 1));
    text = step.text;
    if (!location.endsWith(step.form)) location = `${location} > ${step.form}`;
    left.growth -= text.length;
    if (left.growth < 0) return TOO_DEEP;
    const finding = await findIn(text, { ...view, location }, search, left);
    if (finding !== undefined) return { kind: "found", finding };
  }
  return { kind: "views", views: [...hidden, ...hiddenIn(text, location, view.depth + 1)] };
}

async function findIn(
  text: string,
  about: TextAbout,
  search: TextSearch,
  left: Allowance,
): Promise<Finding | undefined> {
  const finding = search.find(text, about) ?? (await search.findSlowly?.(text, about.location));
  left.turn -= text.length + VIEW_COST;
  if (left.turn > 0) return finding;
  left.turn = TURN;
  await setImmediate();
  return finding;
}

/** What encodings, groups and rows of strings hide in a text. */
function hiddenIn(text: string, location: string, depth: number): View[] {
  if (depth > MAX_DEPTH) return [];
  const views = encodedRuns(text).map(
    ({ form, text: hidden, isPacked = false, isTooMuch = false }): View => ({
      ...viewOf(hidden, `${location} > ${form}`, depth),
      ...{ isPacked, isTooMuch },
    }),
  );
  const [grouped, joined] = [groupedTexts(text), joinedStrings(text)];
  if (grouped !== "") views.push(viewOf(grouped, `${location} > groups`, depth, true));
  if (joined !== "") views.push(viewOf(joined, `${location} > joined strings`, depth, true));
  return views;
}

/** Compressed data in a view; the body itself was looked at by those who undo codings. */
async function inflatedViews(
  { text, location, depth, from }: View,
  left: Allowance,
): Promise<View[] | Opaque> {
  if (from > 0 || depth === 0 || depth >= MAX_DEPTH || typeof text !== "string") return [];
  const beginning = Buffer.from(text.slice(0, 256), "latin1");
  const coding = sniffCoding(beginning);
  if (coding === undefined && !mayTryBlindly(text, beginning, left)) return [];
  return inflatedAs(coding, Buffer.from(text, "latin1"), { location, depth: depth + 1, most: left.growth });
}

function mayTryBlindly(text: string, beginning: Buffer, left: Allowance): boolean {
  if (text.length < LEAST_OPAQUE || left.blind === 0 || !isOpaque(beginning)) return false;
  left.blind -= 1;
  return true;
}

interface InflateAbout {
  readonly location: string;
  readonly depth: number;
  readonly most: number;
}

/** What comes out of compressed bytes, by the coding that they show or by those that show nothing. */
export async function inflatedAs(
  coding: ReturnType<typeof sniffCoding>,
  bytes: Uint8Array,
  { location, depth, most }: InflateAbout,
): Promise<View[] | Opaque> {
  const outputs =
    coding === undefined
      ? await inflateBlindly(bytes, most)
      : [{ ...(await inflate(bytes, coding, most)), coding }];
  if (outputs.some(({ end }) => end === "tooLarge"))
    return tooLarge(`the ${location} grows too much when its compression is undone`);
  return outputs.map((output) => viewOf(latin1Of(output.bytes), `${location} > ${output.coding}`, depth));
}

const sliceOf = ({ text, from }: View): string =>
  typeof text === "string" ? text.slice(from, from + SLICE) : text.toString("latin1", from, from + SLICE);
