import type { ScanPolicy } from "../../../wire/git-policy.ts";
import type { GitAccess } from "../../process/git-process.ts";
import type { PushedObject } from "../push-objects.ts";
import { gitleaksConfigs, rulesConfig } from "./gitleaks-config.ts";
import { type GitleaksEntry, runGitleaks, ScannerUnavailable } from "./run-gitleaks.ts";
import { objectOfFile, type ScanRepository, withScanRepository } from "./scan-repository.ts";

/** A secret that gitleaks found; no line where the name of the file is what it found. */
export interface FoundByGitleaks {
  readonly object: PushedObject;
  readonly rule: string;
  readonly line: number | undefined;
}

export interface GitleaksScan {
  readonly rules: ScanPolicy["rules"];
  readonly timeoutMs: number;
}

/** Runs gitleaks over all objects of a push. Throws ScannerUnavailable unless it has surely looked at all of them. */
export async function scanWithGitleaks(
  access: GitAccess,
  objects: readonly PushedObject[],
  { rules, timeoutMs }: GitleaksScan,
): Promise<readonly FoundByGitleaks[]> {
  const limit = AbortSignal.timeout(timeoutMs);
  const [builtIn, ...own] = gitleaksConfigs(rules);
  const entries = await withScanRepository(access, objects, async (repository) => {
    const found = await runOverPatches(repository, builtIn, limit);
    for (const config of own) found.push(...(await runOverPatches(repository, config, limit)));
    return found;
  }).catch(async (error: unknown) => {
    if (!(error instanceof ScannerUnavailable) || limit.aborted) throw error;
    throw (await unreadableRule(access, rules)) ?? error;
  });
  return entries.toSorted(byPlace).map((entry) => foundIn(objects, entry));
}

async function runOverPatches(
  { access, patches }: ScanRepository,
  config: string,
  limit: AbortSignal,
): Promise<GitleaksEntry[]> {
  const entries: GitleaksEntry[] = [];
  for (const patch of patches) entries.push(...(await runGitleaks({ access, patch, config, limit })));
  return entries;
}

/** gitleaks tells them in any order. Of those in one line the rule that knows best what it is comes first. */
const byPlace = (a: GitleaksEntry, b: GitleaksEntry): number =>
  objectOfFile(a.File) - objectOfFile(b.File) ||
  a.StartLine - b.StartLine ||
  Number(isGeneric(a)) - Number(isGeneric(b)) ||
  a.RuleID.localeCompare(b.RuleID);

const isGeneric = ({ RuleID }: GitleaksEntry): boolean => RuleID.startsWith("generic-");

function foundIn(
  objects: readonly PushedObject[],
  { RuleID, File, StartLine }: GitleaksEntry,
): FoundByGitleaks {
  const object = objects[objectOfFile(File)];
  if (object === undefined) throw new ScannerUnavailable("gitleaks found something where nothing is");
  return { object, rule: RuleID, line: StartLine === 0 ? undefined : StartLine };
}

/** Why gitleaks cannot scan with these rules, or undefined. `access` needs a folder to write in, and no repository. */
export async function whyNoScan(access: GitAccess, scan: GitleaksScan): Promise<string | undefined> {
  try {
    await scanWithGitleaks(access, [], scan);
    return undefined;
  } catch (error) {
    if (error instanceof ScannerUnavailable) return error.message;
    throw error;
  }
}

/** enough to read a rule and one word */
const TRIAL_TIMEOUT_MS = 10_000;

/** The first rule that gitleaks fails with when it has nothing else to do; none when it fails with its own. */
async function unreadableRule(
  access: GitAccess,
  rules: ScanPolicy["rules"],
): Promise<ScannerUnavailable | undefined> {
  const fails = (config: string): Promise<boolean> =>
    withScanRepository(access, [], (repository) =>
      runOverPatches(repository, config, AbortSignal.timeout(TRIAL_TIMEOUT_MS)).then(
        () => false,
        (error: unknown) => error instanceof ScannerUnavailable,
      ),
    );
  if (rules.length === 0 || (await fails(rulesConfig([])))) return undefined;
  for (const rule of rules) {
    if (!(await fails(rulesConfig([rule])))) continue;
    return new ScannerUnavailable(`gitleaks cannot use the pattern of the rule ${rule.name}: it must be RE2`);
  }
  return undefined;
}
