import type { AuditRecord } from "../../../sidecars/wire/audit.ts";
import { escapeLine } from "../../escape.ts";

/** Whether a line of the audit is about a fetch or a push. */
export function isGitLine(line: string): boolean {
  return read(line)?.gate === "git";
}

/** Such a line for people: when, what became of it, what it was, of which remote, which refs, and why. */
export function gitLineText(line: string): string {
  const { time = "", verdict = "", method = "", route = "", ...what } = read(line) ?? {};
  const head = `${time.replace(/\.\d+/, "")} ${verdict.padEnd(5)} ${method.padEnd(5)} ${route}`;
  return escapeLine([head, refsOf(what), reasonOf(what)].filter((part) => part !== "").join("  "));
}

const refsOf = ({ refs = [] }: Partial<AuditRecord>): string => refs.join(" ");

/** Of a refused push the reason begins with its rule. */
function reasonOf({ code = "", because = "", durationMs }: Partial<AuditRecord>): string {
  const took = durationMs === undefined ? "" : ` (${(durationMs / 1000).toFixed(1)} s)`;
  return `${code}${because === "" ? "" : `: ${because}`}${took}`;
}

/** undefined for a line that a crash cut off */
function read(line: string): Partial<AuditRecord> | undefined {
  try {
    return JSON.parse(line) as Partial<AuditRecord>;
  } catch {
    return undefined;
  }
}
