import type { ScanPolicy } from "../../wire/git-policy.ts";
import { whyNoScan } from "./gitleaks/scan-with-gitleaks.ts";

const TIMEOUT_MS = 20_000;

interface ScannerToCheck {
  /** PATH, on which git, gitleaks and prlimit are found */
  readonly path: string;
  /** where something may be written for a moment */
  readonly folder: string;
  readonly rules: ScanPolicy["rules"];
  readonly signal: AbortSignal;
}

/** Scans nothing, to see whether a push could be scanned: undefined, or why not, for people. */
export function checkScanner({ path, folder, rules, signal }: ScannerToCheck): Promise<string | undefined> {
  const access = { path, gitDir: folder, environment: {}, signal };
  return whyNoScan(access, { rules, timeoutMs: TIMEOUT_MS });
}
