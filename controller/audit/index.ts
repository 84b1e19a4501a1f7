/** The edge of the audit: what the rest of the controller may use of it. */
export { auditFile, auditGenerations } from "./audit-files.ts";
export { AuditFaults } from "./audit-faults.ts";
export { withAudit } from "./audit-collector.ts";
