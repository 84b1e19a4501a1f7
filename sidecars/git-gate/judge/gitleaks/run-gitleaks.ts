import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { type ChildEnd, runChild } from "../../process/child.ts";
import { environmentOf, type GitAccess } from "../../process/git-process.ts";
import { CANARY, type ScanPatch } from "./scan-repository.ts";

/** gitleaks could not be made to say what it is there to say. The message is for people. */
export class ScannerUnavailable extends Error {}

/** What gitleaks says of a file. */
const Entry = z.object({ RuleID: z.string(), File: z.string(), StartLine: z.int() });
export type GitleaksEntry = z.infer<typeof Entry>;

/** gitleaks ends with this when it found something, and with 1 also when it failed */
const FOUND = 7;
/** of one patch, whatever time the push has */
const LONGEST_RUN_MS = 120_000;
const MOST_REPORT_BYTES = 16 * 1024 * 1024;
/** of what it holds; a file of nothing but line ends takes a hundred times its size */
const MOST_MEMORY_BYTES = 640 * 1024 * 1024;
const COLLECT_AT_BYTES = 320 * 1024 * 1024;
/** every file is text, and a patch shows it as it is */
const LOG_OPTIONS = [
  "--text",
  "--no-renames",
  "--no-ext-diff",
  "--no-textconv",
  "--format=commit%x20%H",
  "-1",
];
const OPTIONS = [
  "--no-banner",
  "--no-color",
  "--log-level=info",
  "--redact",
  "--report-format=json",
  "--report-path=-",
  `--exit-code=${FOUND}`,
  "--ignore-gitleaks-allow",
  "--gitleaks-ignore-path=/nonexistent",
  "--platform=none",
];
const LIMITS = [`--data=${MOST_MEMORY_BYTES}`, "--core=0"];

interface GitleaksRun {
  readonly access: GitAccess;
  readonly patch: ScanPatch;
  readonly config: string;
  /** aborted when gitleaks has had its time */
  readonly limit: AbortSignal;
}

/**
 * What gitleaks finds in a patch with a configuration. It is believed when it found the canary, so that it read
 * to the end with rules that work, and counted as many bytes as there are; everything else throws ScannerUnavailable.
 */
export async function runGitleaks(run: GitleaksRun): Promise<readonly GitleaksEntry[]> {
  const { access, patch, config, limit } = run;
  const file = join(access.gitDir, "gitleaks.toml");
  writeFileSync(file, config);
  const options = [
    ...OPTIONS,
    `--config=${file}`,
    `--max-decode-depth=${patch.isDecoded ? 2 : 0}`,
    `--log-opts=${[...LOG_OPTIONS, patch.ref].join(" ")}`,
  ];
  const end = await runChild({
    argv: ["prlimit", ...LIMITS, "gitleaks", "git", ...options, access.gitDir],
    environment: {
      ...environmentOf(access),
      GIT_DIR: access.gitDir,
      GOMEMLIMIT: String(COLLECT_AT_BYTES),
    },
    cwd: "/",
    timeoutMs: LONGEST_RUN_MS,
    signal: AbortSignal.any([access.signal, limit]),
    mostOutputBytes: MOST_REPORT_BYTES,
  });
  access.signal.throwIfAborted();
  const entries = end.code === FOUND ? entriesOf(end.stdout) : undefined;
  const hasReadAll = new RegExp(`scanned ~${patch.bytes} bytes `).test(end.stderr);
  if (entries === undefined || !hasReadAll || !entries.some(isCanary))
    throw new ScannerUnavailable(limit.aborted ? ENDS["time limit"] : whyNot(end));
  return entries.filter(({ RuleID }) => RuleID !== CANARY.rule);
}

const isCanary = ({ File, RuleID }: GitleaksEntry): boolean => File === CANARY.file && RuleID === CANARY.rule;

function entriesOf(report: string): readonly GitleaksEntry[] | undefined {
  try {
    return z.array(Entry).parse(JSON.parse(report));
  } catch {
    // not what gitleaks writes
    return undefined;
  }
}

const ENDS: Readonly<Record<NonNullable<ChildEnd["ended"]>, string>> = {
  "time limit": "gitleaks did not end in time",
  "too much output": "gitleaks found more than can be told",
  closing: "gitleaks was ended",
  "not started": "gitleaks cannot be run: prlimit is missing",
};
/** of prlimit, as of a shell */
const NOT_FOUND = 127;

/** What gitleaks itself said is not told: it may quote the push. */
function whyNot({ ended, code }: ChildEnd): string {
  if (ended !== undefined) return ENDS[ended];
  if (code === NOT_FOUND) return "gitleaks is not installed";
  if (code === FOUND || code === 0)
    return "gitleaks did not read everything, or is of a version that is not known";
  return `gitleaks failed with ${code === -1 ? "a signal" : `exit code ${code}`}`;
}
