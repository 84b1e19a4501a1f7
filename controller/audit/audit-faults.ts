import type { AuditState } from "../../reconcilers/contract/audit-state.ts";

/** Of which bottles the audit cannot be written, and why. */
export class AuditFaults implements AuditState {
  readonly #faults = new Map<string, string>();

  faultOf(ownerUid: string): string | undefined {
    return this.#faults.get(ownerUid);
  }

  /** Notes a fault, or that there is none any more; says whether that is news. */
  set(ownerUid: string, fault: string | undefined): boolean {
    const before = this.#faults.get(ownerUid);
    if (fault === undefined) this.#faults.delete(ownerUid);
    else this.#faults.set(ownerUid, fault);
    return before !== fault;
  }
}
