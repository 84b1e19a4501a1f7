/** The edge of the audit: what the rest of the controller may use of it. */
export { auditFile, auditGenerations } from "./audit-files.ts";
export { withAudit, type AuditDependencies } from "./audit-collector.ts";
