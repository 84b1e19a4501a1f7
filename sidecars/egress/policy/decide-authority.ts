import type { AuditLog } from "../audit-log.ts";
import type { Denial } from "../denial.ts";
import type { Enforcement } from "../enforcement.ts";
import type { Authority } from "../request/authority.ts";
import { judgeConnection } from "./judge.ts";

export type AuthorityVerdict =
  | { readonly kind: "allow"; readonly enforcement: Enforcement }
  /** `isFitToPrint`: whether the host may stand in the audit */
  | { readonly kind: "deny"; readonly denial: Denial; readonly isFitToPrint: boolean };

/**
 * Decides on a connection before a leaf is minted for it or anything is read from it: refuses a host in whose name a
 * secret would leave, and one to which nothing could be allowed.
 */
export function decideAuthority(
  authority: Authority,
  enforcement: Enforcement | undefined,
  audit: AuditLog,
): AuthorityVerdict {
  if (enforcement === undefined) {
    return deny({ code: "NotConfigured", because: "no policy is in force yet" });
  }
  const { host } = authority;
  const name = enforcement.detector.inspectName(host);
  if (name.kind !== "clean") {
    return deny({ code: "SecretInHead", because: "the name of the host holds a secret" });
  }
  const verdict = judgeConnection(authority, enforcement.policy);
  if (verdict.kind === "deny") return deny(verdict, true);
  if (!audit.hasRoom()) {
    return deny({ code: "AuditUnavailable", because: "what the bottle does cannot be recorded now" });
  }
  return { kind: "allow", enforcement };
}

function deny(denial: Denial, isFitToPrint = false): AuthorityVerdict {
  return { kind: "deny", denial, isFitToPrint };
}
