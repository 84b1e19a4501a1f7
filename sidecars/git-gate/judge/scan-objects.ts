import type { Detector, Inspection } from "../../detection/index.ts";
import { type PlacedFinding, ruleFinding } from "./finding.ts";
import type { GitAccess } from "../process/git-process.ts";
import { inspectFile } from "./inspect-file.ts";
import { locate } from "./locate.ts";
import { isInLetters, textsOf } from "./object-texts.ts";
import { type PushedObject, readObjects } from "./push-objects.ts";
import { treeEntries, UnfoldedTrees } from "./trees.ts";

/** What bounds a scan. */
export interface ScanLimits {
  readonly mostFindings: number;
  /** files and directories that one tree may unfold into */
  readonly mostFiles: number;
}

/** Secrets in the objects of a push, each read once and raw, whatever it is and however it is reached. */
export async function findingsInObjects(
  access: GitAccess,
  objects: readonly PushedObject[],
  detectorFor: (object: PushedObject) => Detector,
  limits: ScanLimits,
): Promise<PlacedFinding[]> {
  const findings: PlacedFinding[] = [];
  const trees = new UnfoldedTrees();
  for await (const { object, bytes } of readObjects(access, objects)) {
    access.signal.throwIfAborted();
    const entries = object.type === "tree" ? treeEntries(bytes, object.id.length / 2) : [];
    if (object.type === "tree") trees.add(object.id, entries);
    if (object.type === "commit" && !isInLetters(bytes)) findings.push(unknownEncoding(object));
    findings.push(...(await findingsIn(detectorFor(object), object, textsOf(object.type, bytes, entries))));
    if (findings.length >= limits.mostFindings) return findings;
  }
  if (trees.largest() > limits.mostFiles) findings.push(tooManyFiles(limits.mostFiles));
  return findings;
}

/** The first finding of an object; who removes it sees the next. */
async function findingsIn(
  detector: Detector,
  object: PushedObject,
  texts: readonly Buffer[],
): Promise<PlacedFinding[]> {
  for (const bytes of texts) {
    const inspection = await inspect(detector, object, bytes);
    if (inspection.kind === "opaque") {
      const where = `${object.type} ${object.id}`;
      const finding = ruleFinding(inspection.code, where, `Take it out of the push: ${inspection.because}.`);
      return [{ object: object.id, line: undefined, finding }];
    }
    if (inspection.kind === "found")
      return [await locate(detector, { object, bytes, finding: inspection.finding })];
  }
  return [];
}

const inspect = (detector: Detector, { type }: PushedObject, bytes: Buffer): Promise<Inspection> =>
  type === "blob" ? inspectFile(detector, bytes) : detector.inspectBody({ bytes });

const unknownEncoding = ({ id }: PushedObject): PlacedFinding => ({
  object: id,
  line: undefined,
  finding: ruleFinding(
    "UnknownEncoding",
    `commit ${id}`,
    "Write commit messages in UTF-8: git config --unset i18n.commitEncoding, then git commit --amend.",
  ),
});

const tooManyFiles = (most: number): PlacedFinding => ({
  object: "trees",
  line: undefined,
  finding: ruleFinding(
    "TooManyFiles",
    "a tree of the push",
    `Do not name one tree many times in another: the limit is ${most} files and directories in a checkout.`,
  ),
});
