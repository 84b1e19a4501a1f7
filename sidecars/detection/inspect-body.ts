import { setImmediate } from "node:timers/promises";
import { decodeContent, sniffCoding } from "./content-coding.ts";
import type { BodyToInspect, Finding, Inspection } from "./detector.ts";
import { hiddenTextsOf } from "./encodings.ts";
import { latin1Of } from "./known-values.ts";
import { partsOf } from "./multipart.ts";

/** Looks at one text as it stands. */
export type FindInText = (text: string, location: string) => Finding | undefined;

/** how many encodings within encodings are undone */
const MAX_DEPTH = 3;
/** texts longer than this are looked at in slices, so that other requests are served in between */
const SLICE = 128 * 1024;
/** no pattern, and no known value of sane length, is longer */
const OVERLAP = 4 * 1024;
/** characters that all hidden texts together may have, for each one of the body; more is an attack on the scanner */
const MAX_GROWTH = 8;
const GROWTH_FREE = 1024 * 1024;

interface View {
  readonly text: string;
  readonly location: string;
  readonly depth: number;
}

const CLEAN: Inspection = { kind: "clean" };

/** Looks at every view of a body: decoded, its parts, and what encodings hide in it, to a bounded depth. */
export async function inspectBody(body: BodyToInspect, find: FindInText): Promise<Inspection> {
  if (body.bytes.length === 0) return CLEAN;
  const decoded = await decodeContent(body.bytes, body.contentEncoding);
  if (decoded.kind === "opaque") return decoded;
  const text = latin1Of(decoded.bytes);
  const views: View[] = [{ text, location: "body", depth: 0 }];
  for (const part of partsOf(text, body.contentType)) {
    const content = await decodeContent(Buffer.from(part.content, "latin1"), part.contentEncoding);
    if (content.kind === "opaque") return content;
    if (part.contentEncoding !== undefined || sniffCoding(content.bytes) !== undefined) {
      views.push({ text: latin1Of(content.bytes), location: "body part", depth: 0 });
    }
  }
  return await inspectViews(views, text.length * MAX_GROWTH + GROWTH_FREE, find);
}

async function inspectViews(views: View[], budget: number, find: FindInText): Promise<Inspection> {
  let left = budget;
  for (let view = views.pop(); view !== undefined; view = views.pop()) {
    for (const slice of slicesOf(view.text)) {
      const finding = find(slice, view.location);
      if (finding !== undefined) return { kind: "found", finding };
      if (view.depth >= MAX_DEPTH) continue;
      for (const { form, text } of hiddenTextsOf(slice)) {
        left -= text.length;
        views.push({ text, location: `${view.location} > ${form}`, depth: view.depth + 1 });
      }
      if (left < 0)
        return {
          kind: "opaque",
          code: "BodyTooLarge",
          because: "the body holds too many encodings within encodings",
        };
      if (view.text.length > SLICE) await setImmediate();
    }
    const inflated = await inflatedView(view);
    if (inflated !== undefined) {
      left -= inflated.text.length;
      views.push(inflated);
    }
  }
  return CLEAN;
}

function* slicesOf(text: string): Generator<string> {
  if (text.length <= SLICE) return yield text;
  for (let start = 0; start < text.length; start += SLICE - OVERLAP) yield text.slice(start, start + SLICE);
}

/** Compressed data that no header announced, such as an uploaded file. What only looks like it is left alone. */
async function inflatedView(view: View): Promise<View | undefined> {
  if (view.depth >= MAX_DEPTH) return undefined;
  const coding = sniffCoding(Buffer.from(view.text.slice(0, 4), "latin1"));
  if (coding === undefined) return undefined;
  const decoded = await decodeContent(Buffer.from(view.text, "latin1"), coding);
  if (decoded.kind === "opaque") return undefined;
  return { text: latin1Of(decoded.bytes), location: `${view.location} > ${coding}`, depth: view.depth + 1 };
}
