import type { Detector, Finding } from "../../detection/index.ts";
import { type PlacedFinding, printable, utf8Of } from "./finding.ts";
import type { FoundByGitleaks } from "./gitleaks/scan-with-gitleaks.ts";
import type { PushedObject } from "./push-objects.ts";

/** A secret in an object. `bytes` are those that the detector found it in. */
export interface FoundInObject {
  readonly object: PushedObject;
  readonly bytes: Buffer;
  readonly finding: Finding;
}

/** Says where a secret is, as people name it, and how it gets out of the history. */
export async function locate(detector: Detector, found: FoundInObject): Promise<PlacedFinding> {
  const { object, bytes, finding } = found;
  const hidden = finding.location.split(" > ").slice(1).toReversed().join(" in ");
  const line = object.type === "blob" && !IN_ARCHIVE.test(hidden) ? await lineOf(detector, bytes) : undefined;
  return place(detector, { object, line, hidden, rule: finding.rule, shape: finding.shape });
}

/** The same for what gitleaks found, which shows nothing of it. */
export const locateByGitleaks = (
  detector: Detector,
  { object, rule, line }: FoundByGitleaks,
): Promise<PlacedFinding> =>
  place(detector, { object, line: object.type === "blob" ? line : undefined, hidden: "", rule, shape: "" });

/** such a file has no lines */
const IN_ARCHIVE = /\b(?:zip|gzip|zstd|zlib)$/;

interface Found {
  readonly object: PushedObject;
  readonly line: number | undefined;
  /** the encodings that it was in */
  readonly hidden: string;
  readonly rule: string;
  readonly shape: string;
}

async function place(detector: Detector, found: Found): Promise<PlacedFinding> {
  const { object, line, hidden, rule, shape } = found;
  const parts = [
    object.commit === undefined ? undefined : `commit ${object.commit}`,
    object.type === "commit" ? undefined : `${object.type} ${object.id}`,
    await pathOf(detector, object),
    line === undefined ? undefined : `line ${line}`,
    hidden === "" ? undefined : `as ${hidden}`,
  ];
  const where = parts.filter((part) => part !== undefined).join(", ");
  return {
    object: object.id,
    line,
    finding: { rule, shape, where, whatToDo: remedyOf(object) },
  };
}

/** A path that is itself a secret is not told. */
async function pathOf(detector: Detector, { path, type }: PushedObject): Promise<string | undefined> {
  if (path === "" || type === "tag") return undefined;
  const inspection = await detector.inspectBody({ bytes: Buffer.from(path, "latin1") });
  return inspection.kind === "clean" ? `path ${printable(utf8Of(path))}` : "a path that is not shown";
}

/** The line that the first secret ends in: that of the shortest beginning of the file in which it is found. */
async function lineOf(detector: Detector, bytes: Buffer): Promise<number> {
  const ends = lineEnds(bytes);
  let [low, high] = [0, ends.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    const inspection = await detector.inspectBody({ bytes: bytes.subarray(0, ends[middle]) });
    if (inspection.kind === "found") high = middle;
    else low = middle + 1;
  }
  return low + 1;
}

function lineEnds(bytes: Buffer): number[] {
  const ends: number[] = [];
  for (let at = bytes.indexOf("\n"); at !== -1; at = bytes.indexOf("\n", at + 1)) ends.push(at + 1);
  if (ends.at(-1) !== bytes.length) ends.push(bytes.length);
  return ends;
}

const ROTATE = "Take it for known to others: give the key a new value.";

function remedyOf({ type, commit }: PushedObject): string {
  if (type === "tag") return `Delete the tag (git tag -d) and make it anew without the secret. ${ROTATE}`;
  if (commit === undefined) return `Delete the tag that leads to it (git tag -d). ${ROTATE}`;
  const change = type === "commit" ? "its words and headers" : type === "tree" ? "the name" : "the file";
  return `Change ${change} in that commit, not in a new one: git rebase -i ${commit}^ (or git commit --amend). ${ROTATE}`;
}
