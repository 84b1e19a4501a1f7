import type { KnownValue } from "../../detection/index.ts";
import type { InspectPush, PushFinding, PushRequest, PushVerdict } from "../contract.ts";
import { Baseline } from "./baseline.ts";
import { PushRefused, ruleFinding } from "./finding.ts";
import type { GitAccess } from "../process/git-process.ts";
import { changedProtectedPaths } from "./protected-paths.ts";
import { listPushedObjects } from "./push-objects.ts";
import { judgePush } from "./push-rules.ts";
import { rewoundRefs } from "./rewound-refs.ts";
import { findingsInNames } from "./scan-names.ts";
import { scanPush } from "./scan-push.ts";

/** more findings help nobody, and each costs time */
const MOST_FINDINGS = 20;
/** each may cost a question to git */
const MOST_REFS = 1000;
/** of all of them: git is told each twice, as arguments */
const MOST_NAME_BYTES = 256 * 1024;
const TOO_MANY_REFS = ruleFinding(
  "TooManyRefs",
  "the push",
  `Push at most ${MOST_REFS} refs at a time, with names of at most ${MOST_NAME_BYTES} bytes together.`,
);

interface Dependencies {
  /** what must not leave, whatever a baseline accepts; asked for each push */
  readonly knownValues: () => readonly KnownValue[];
  /** PATH, on which git, gitleaks and prlimit are found */
  readonly path: string;
}

/** The inspection of a push: names, rules, every object, protected paths; what fails on the way refuses it. */
export function createInspectPush({ knownValues, path }: Dependencies): InspectPush {
  return async (request, signal) => {
    const limit = AbortSignal.timeout(request.policy.timeoutMs);
    const { gitDir, environment } = request;
    const access: GitAccess = { path, gitDir, environment, signal: AbortSignal.any([signal, limit]) };
    let areRefsClean = false;
    try {
      const baseline = new Baseline(request.scan.baseline, knownValues());
      const inNames = await findingsInAllNames(baseline, request);
      areRefsClean = inNames.length === 0;
      return verdictOf(areRefsClean ? await findingsOf(access, request, baseline) : inNames, areRefsClean);
    } catch (error) {
      return verdictOf([refusalOf(error, limit)], areRefsClean);
    }
  };
}

const verdictOf = (findings: readonly PushFinding[], areRefsClean: boolean): PushVerdict =>
  findings.length === 0
    ? { kind: "clean" }
    : { kind: "refused", findings: findings.slice(0, MOST_FINDINGS), areRefsClean };

function refusalOf(error: unknown, limit: AbortSignal): PushFinding {
  if (error instanceof PushRefused) return error.finding;
  if (limit.aborted)
    return ruleFinding("TimeLimit", "the push", "Push fewer commits at a time: the scan took too long.");
  const help = "Push again. If that does not help, tell the owner of the bottle: nothing goes on unscanned.";
  return ruleFinding("ScanFailed", "the push", help);
}

async function findingsInAllNames(baseline: Baseline, request: PushRequest): Promise<readonly PushFinding[]> {
  const nameBytes = request.updates.reduce((sum, { ref }) => sum + Buffer.byteLength(ref), 0);
  if (request.updates.length > MOST_REFS || nameBytes > MOST_NAME_BYTES) throw new PushRefused(TOO_MANY_REFS);
  return findingsInNames(baseline.detectorFor(), request);
}

/** The cheap checks come first, and what they refuse is not looked at further. */
async function findingsOf(
  access: GitAccess,
  request: PushRequest,
  baseline: Baseline,
): Promise<readonly PushFinding[]> {
  const broken = judgePush({ ...request, rewound: await rewoundRefs(access, request) });
  if (broken.length > 0) return broken;
  const objects = await listPushedObjects(access, request);
  const inObjects = await scanPush(access, objects, request, { baseline, mostFindings: MOST_FINDINGS });
  if (inObjects.length > 0) return inObjects;
  const commits = objects.filter(({ type }) => type === "commit").map(({ id }) => id);
  return changedProtectedPaths(access, commits, request.policy.protectedPaths, MOST_FINDINGS);
}
