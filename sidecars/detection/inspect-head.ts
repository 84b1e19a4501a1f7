import { encodedRuns } from "./encoded-runs.ts";
import type { Finding, HeadToInspect, Inspection } from "./detector.ts";
import { latin1Of } from "./known-values.ts";
import { groupedTexts } from "./groups.ts";
import { joinedTexts, joinedViews } from "./inspect-body.ts";
import { joinedStrings } from "./joined-strings.ts";
import { fieldsOf, type Piece } from "./pieces.ts";
import { unwrapped } from "./unwrapping.ts";
import {
  type FindInText,
  inspectViews,
  MAX_DEPTH,
  type TextAbout,
  type TextSearch,
  type View,
  viewOf,
} from "./views.ts";

/** Headers that every client sends, whose values are no pieces of anything. */
const USUAL =
  /^(?:host|connection|accept(?:-.*)?|content-.*|transfer-encoding|user-agent|date|expect|te|trailer|upgrade.*|sec-.*|if-.*|origin|referer|cache-control|pragma|priority)$/i;

/** more than a rule takes for one space */
const APART = "\n".repeat(12);

/** A text of a head, and how it is looked at. */
export interface HeadText {
  readonly kind: "names" | "labels" | "lines" | "joined";
  readonly text: string;
  /** of two lines, one after the other: the number of the first, and the second by itself */
  readonly first?: number;
  readonly second?: string;
}

/** What is looked for in a head. */
export interface HeadSearch extends TextSearch {
  /** for the host and the names of headers, whose case is lost on the way */
  readonly findFolded: FindInText;
  /** those that are not known to be clean */
  readonly newOf: (texts: readonly HeadText[]) => readonly HeadText[];
  /** is told of what was looked at and is clean */
  readonly onClean: (texts: readonly HeadText[], pieces: readonly Piece[]) => void;
  readonly onPieces: (pieces: readonly Piece[]) => Promise<Inspection>;
}

/**
 * Looks at all that a request says before its body, as far as it is new. Lines are known in pairs: a rule may reach
 * from the end of one field into the next, and fields that are clean each may stand side by side for the first time.
 */
export async function inspectHead(head: HeadToInspect, search: HeadSearch): Promise<Inspection> {
  const pieces = piecesOfHead(head);
  const texts = search.newOf(textsOf(head, pieces));
  const finding = foldedFinding(texts, search.findFolded);
  if (finding !== undefined) return { kind: "found", finding };
  const inspection = await inspectViews(viewsOf(texts), search);
  if (inspection.kind === "clean") {
    search.onClean(texts, pieces);
    return search.onPieces(pieces);
  }
  if (inspection.kind === "opaque" || !inspection.finding.location.startsWith("head")) return inspection;
  return located(head, search, inspection);
}

function textsOf(head: HeadToInspect, pieces: readonly Piece[]): HeadText[] {
  const names = head.headers.map(([name]) => name).join("\n");
  return [
    { kind: "names", text: bytesOf(names) },
    { kind: "labels", text: bytesOf(head.host.replaceAll(".", "")) },
    ...pairsOfLines(linesOf(head).map(bytesOf)),
    ...joinedTexts(pieces).map((text): HeadText => ({ kind: "joined", text })),
  ];
}

const pairsOfLines = (lines: readonly string[]): HeadText[] =>
  lines
    .slice(1)
    .map((second, first) => ({ kind: "lines", text: `${lines[first]!}\n${second}`, first, second }));

const LOCATION = { names: "header name", labels: "host" } as const;

function foldedFinding(texts: readonly HeadText[], findFolded: FindInText): Finding | undefined {
  for (const { kind, text } of texts) {
    if (kind !== "names" && kind !== "labels") continue;
    const finding = findFolded(text, { location: LOCATION[kind], isJoined: false });
    if (finding !== undefined) return finding;
  }
  return undefined;
}

/** Lines all at once: a view has a cost of its own, and most heads hold nothing. */
function viewsOf(texts: readonly HeadText[]): View[] {
  const of = (wanted: HeadText["kind"]): string[] =>
    texts.filter(({ kind }) => kind === wanted).map(({ text }) => text);
  const lines = rowsOfLines(texts.filter(({ kind }) => kind === "lines"));
  return [
    ...(lines === "" ? [] : [viewOf(lines, "head")]),
    ...of("labels").map((labels) => viewOf(labels, "host", 1, true)),
    ...joinedViews(of("joined"), "head"),
  ];
}

/** Pairs that share a line make a row; what no pair holds together stands apart. */
function rowsOfLines(pairs: readonly HeadText[]): string {
  return pairs.reduce((rows, { text, first = 0, second }, index) => {
    const isNext = pairs[index - 1]?.first === first - 1;
    return isNext ? `${rows}\n${second}` : `${rows}${rows === "" ? "" : APART}${text}`;
  }, "");
}

/** Looks at the name of a host and a path: as they are, the name without its dots, and what encodings hide in them. */
export function inspectName(
  { host, path }: { readonly host: string; readonly path: string },
  find: FindInText,
  findFolded: FindInText,
): Inspection {
  const labels = bytesOf(host.replaceAll(".", ""));
  const finding =
    findFolded(labels, { location: "host", isJoined: false }) ??
    findQuickly(bytesOf(host), { location: "host", isJoined: false }, find) ??
    findQuickly(labels, { location: "host", isJoined: false }, find) ??
    findQuickly(bytesOf(path), { location: "path", isJoined: false }, find);
  return finding === undefined ? { kind: "clean" } : { kind: "found", finding };
}

/** Looks at names and values of fields, one by one and all values together. */
export function inspectTrailers(
  fields: HeadToInspect["headers"],
  find: FindInText,
  findFolded: FindInText,
): Inspection {
  const names = bytesOf(fields.map(([name]) => name).join("\n"));
  const lines = bytesOf(fields.map(([name, value]) => `${name}: ${value}`).join("\n"));
  const values = bytesOf(fields.map(([, value]) => value).join(""));
  const finding =
    findFolded(names, { location: "trailer name", isJoined: false }) ??
    findQuickly(lines, { location: "trailer", isJoined: false }, find) ??
    find(values, { location: "trailers", isJoined: true });
  return finding === undefined ? { kind: "clean" } : { kind: "found", finding };
}

function findQuickly(text: string, about: TextAbout, find: FindInText, depth = 0): Finding | undefined {
  let [current, finding] = [text, find(text, about)];
  const { location } = about;
  for (const step of finding === undefined ? unwrapped(text) : []) {
    current = step.text;
    finding ??= find(current, { ...about, location: `${location} > ${step.form}` });
  }
  if (finding !== undefined || depth === MAX_DEPTH) return finding;
  const hidden = [
    ...encodedRuns(current).map((run) => ({ ...run, isJoined: false })),
    { form: "groups", text: groupedTexts(current), isJoined: true },
    { form: "joined strings", text: joinedStrings(current), isJoined: true },
  ];
  return hidden.reduce((earlier: Finding | undefined, { form, text: inside, isJoined }) => {
    if (earlier !== undefined || inside === "") return earlier;
    return findQuickly(inside, { location: `${location} > ${form}`, isJoined }, find, depth + 1);
  }, undefined);
}

/** All of it, each line ending: equal for two heads in which the same is to be found. */
export const textOfHead = (head: HeadToInspect): string => linesOf(head).join("\n");

function linesOf({ method, host, path, headers }: HeadToInspect): string[] {
  return [path, method, host, ...headers.map(([name, value]) => `${name}: ${value}`)];
}

/** Says in which line of a head a finding is. */
async function located(head: HeadToInspect, search: TextSearch, whole: Inspection): Promise<Inspection> {
  const places: View[] = [
    viewOf(bytesOf(head.path), "path"),
    viewOf(bytesOf(head.method), "method"),
    viewOf(bytesOf(head.host), "host"),
    // a finding in the value is located by the name, which must not be a secret itself
    ...head.headers.map(([name]) => viewOf(bytesOf(name), "header name")),
    ...head.headers.map(([name, value]) =>
      viewOf(bytesOf(`${name}: ${value}`), `header ${name.toLowerCase()}`),
    ),
  ];
  for (const place of places) {
    const inspection = await inspectViews([place], search);
    if (inspection.kind !== "clean") return inspection;
  }
  return whole;
}

/** Path segments, query, cookies and unusual headers, in order: what a client may split something over. */
function piecesOfHead({ path, host, headers }: HeadToInspect): Piece[] {
  const [route = "", query = ""] = splitAt(path, "?");
  const pieces: Piece[] = query === "" ? [] : fieldsOf(query, "query");
  for (const [name, value] of headers) {
    if (USUAL.test(name)) continue;
    if (name.toLowerCase() === "cookie") pieces.push(...fieldsOf(value.replaceAll("; ", ";"), "cookie"));
    else pieces.push({ slot: `header ${name.toLowerCase()}`, name, text: value });
  }
  const segments = route.split("/").filter((segment) => segment !== "");
  for (const [index, text] of segments.entries()) pieces.push({ slot: `path ${index}`, name: "", text });
  const label = host.split(".", 1)[0] ?? "";
  return [...pieces, { slot: "host", name: "", text: label }];
}

function splitAt(text: string, border: string): [string, string] {
  const at = text.indexOf(border);
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** Characters beyond Latin-1 become UTF-8. */
const bytesOf = (text: string): string =>
  /[\u0100-\uffff]/.test(text) ? latin1Of(Buffer.from(text, "utf8")) : text;
