import type { Detector, Finding } from "../../detection/index.ts";
import type { PushFinding } from "../contract.ts";
import { printable, utf8Of } from "./finding.ts";
import type { PushedObject } from "./push-objects.ts";

/** A secret in an object. `bytes` are those that the detector found it in. */
export interface FoundInObject {
  readonly object: PushedObject;
  readonly bytes: Buffer;
  readonly finding: Finding;
}

/** Says where a secret is, as people name it, and how it gets out of the history. */
export async function locate(detector: Detector, found: FoundInObject): Promise<PushFinding> {
  const { rule, shape } = found.finding;
  return { rule, shape, where: await whereOf(detector, found), whatToDo: remedyOf(found.object) };
}

async function whereOf(detector: Detector, found: FoundInObject): Promise<string> {
  const { object, finding } = found;
  const hidden = finding.location.split(" > ").slice(1).join(" in ");
  const parts = [
    object.commit === undefined ? undefined : `commit ${object.commit}`,
    object.type === "commit" ? undefined : `${object.type} ${object.id}`,
    await pathOf(detector, object),
    object.type === "blob" ? `line ${await lineOf(detector, found.bytes)}` : undefined,
    hidden === "" ? undefined : `as ${hidden}`,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
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
