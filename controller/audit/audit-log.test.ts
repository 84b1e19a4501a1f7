import { mkdtempSync, readFileSync, rmSync, statSync, appendFileSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AuditRecord } from "../../sidecars/wire/audit.ts";
import { auditFile, auditGenerations } from "./audit-files.ts";
import { AuditLog, parseAuditLine } from "./audit-log.ts";

const aRecord = (sequence: number, run = "r1"): AuditRecord => ({
  time: new Date(Date.UTC(2026, 0, 1, 0, 0, sequence)).toISOString(),
  sequence,
  run,
  gate: "egress",
  verdict: "deny",
  code: "HostNotAllowed",
  because: "no route names evil.example",
  host: "evil.example",
});

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "audit-"));
  file = auditFile(folder, { namespace: "default", name: "hello" });
});
afterEach(() => rmSync(folder, { recursive: true }));
const sequences = (path = file) =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as AuditRecord).sequence);

describe("AuditLog", () => {
  it("writes each record once, also when the log is read again after a restart", () => {
    const first = new AuditLog(file);
    for (const sequence of [1, 2, 3]) first.append(aRecord(sequence));
    const again = new AuditLog(file);
    expect(again.position).toMatchObject({ run: "r1", sequence: 3 });
    expect([2, 3, 4].map((sequence) => again.append(aRecord(sequence)))).toEqual([false, false, true]);
    expect(sequences()).toEqual([1, 2, 3, 4]);
  });

  it("takes a new run of the sidecars from its start", () => {
    const log = new AuditLog(file);
    log.append(aRecord(9));
    expect(log.append(aRecord(1, "r2"))).toBe(true);
  });

  it("goes on after a line that a crash cut off", () => {
    new AuditLog(file).append(aRecord(1));
    appendFileSync(file, '{"time":"20');
    const log = new AuditLog(file);
    expect(log.position?.sequence).toBe(1);
    log.append(aRecord(2));
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    expect(lines.map((line) => parseAuditLine(line)?.sequence)).toEqual([1, undefined, 2]);
  });

  it("is private, and bounded whatever an agent sends", () => {
    const log = new AuditLog(file, 1000);
    for (let sequence = 1; sequence <= 100; sequence++) log.append(aRecord(sequence));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const kept = auditGenerations(file).filter((path) => existsSync(path));
    expect(kept).toHaveLength(3);
    expect(kept.reduce((sum, path) => sum + statSync(path).size, 0)).toBeLessThanOrEqual(3000);
    const all = kept.flatMap((path) => sequences(path));
    expect(all.at(-1)).toBe(100);
    expect(all).toEqual(all.toSorted((a, b) => a - b));
  });
});

describe("parseAuditLine", () => {
  it("takes audit records and passes over other words of the sidecars", () => {
    expect(parseAuditLine(JSON.stringify(aRecord(1)))).toEqual(aRecord(1));
    for (const other of ["listening", "{", "{}", '{"time":1}']) expect(parseAuditLine(other)).toBeUndefined();
  });
});
