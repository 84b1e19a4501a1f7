import type { PushFinding, PushRequest } from "../contract.ts";
import type { GitAccess } from "../process/git-process.ts";
import type { Baseline } from "./baseline.ts";
import { type PlacedFinding, ruleFinding } from "./finding.ts";
import { ScannerUnavailable } from "./gitleaks/run-gitleaks.ts";
import { scanWithGitleaks } from "./gitleaks/scan-with-gitleaks.ts";
import { locateByGitleaks } from "./locate.ts";
import type { PushedObject } from "./push-objects.ts";
import { findingsInObjects } from "./scan-objects.ts";

/** gitleaks is ended before the time of the whole inspection is over, so that it is known for what took it */
const SHARE_OF_TIME = 0.75;
/** of gitleaks' findings, of which many may be in one place */
const MOST_LOCATED = 100;

/** Secrets in the objects of a push, by our detectors and by gitleaks at the same time, each place told once. */
export async function scanPush(
  access: GitAccess,
  objects: readonly PushedObject[],
  { policy, scan }: PushRequest,
  { baseline, mostFindings }: { readonly baseline: Baseline; readonly mostFindings: number },
): Promise<PushFinding[]> {
  const over = new AbortController();
  const both = { ...access, signal: AbortSignal.any([access.signal, over.signal]) };
  const limits = { mostFindings, mostFiles: policy.maxObjects };
  const timeoutMs = policy.timeoutMs * SHARE_OF_TIME;
  const ours = findingsInObjects(both, objects, (object) => baseline.detectorFor(object), limits);
  const theirs = findingsByGitleaks(both, objects, { rules: scan.rules, timeoutMs }, baseline);
  try {
    return onceEach((await Promise.all([ours, theirs])).flat());
  } finally {
    over.abort();
    await Promise.allSettled([ours, theirs]);
  }
}

async function findingsByGitleaks(
  access: GitAccess,
  objects: readonly PushedObject[],
  scan: Parameters<typeof scanWithGitleaks>[2],
  baseline: Baseline,
): Promise<PlacedFinding[]> {
  const found = await scanWithGitleaks(access, objects, scan).catch(unavailable);
  if ("finding" in found) return [found];
  const findings: PlacedFinding[] = [];
  for (const each of found
    .filter(({ object, rule }) => !baseline.accepts(object, rule))
    .slice(0, MOST_LOCATED))
    findings.push(await locateByGitleaks(baseline.detectorFor(), each));
  return findings;
}

/** Beside it our own findings are told, which the agent can mend at once. */
function unavailable(error: unknown): PlacedFinding {
  if (!(error instanceof ScannerUnavailable)) throw error;
  const help = `Tell the owner of the bottle: ${error.message}. Nothing goes on unscanned.`;
  return { object: "scanner", line: undefined, finding: ruleFinding("ScannerUnavailable", "the push", help) };
}

/** Ours come first, for they show more of a secret. */
function onceEach(found: readonly PlacedFinding[]): PushFinding[] {
  const first = found.filter((one, index) => found.findIndex((other) => isSamePlace(one, other)) === index);
  return first.map(({ finding }) => finding);
}

const isSamePlace = (one: PlacedFinding, other: PlacedFinding): boolean =>
  one.object === other.object &&
  (one.line === other.line || one.line === undefined || other.line === undefined);
