import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { auditFile } from "../audit/index.ts";
import { hasAudit, readAudit } from "./audit.ts";

const owner = { namespace: "default", name: "b" };
const at = (minute: number): string => `{"time":"2026-01-01T00:0${minute}:00.000Z","path":"/${minute}"}`;

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "bb-audit-"));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

function write(...lines: string[]): void {
  const file = auditFile(stateDir, owner);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, lines.map((line) => `${line}\n`).join(""));
}

const { signal } = new AbortController();
async function read(more: {
  tail?: number;
  since?: Date;
  wants?: (line: string) => boolean;
}): Promise<string[]> {
  const lines: string[] = [];
  const wanted = { ...owner, follow: false, tail: undefined, signal, ...more };
  for await (const line of readAudit(stateDir, wanted)) lines.push(line);
  return lines;
}

it("has nothing of a bottle that sent nothing", async () => {
  expect(hasAudit(stateDir, owner)).toBe(false);
  expect(await read({})).toEqual([]);
});

it("gives every line, the last ones, or those since a moment", async () => {
  write(at(1), at(2), at(3));
  expect(hasAudit(stateDir, owner)).toBe(true);
  expect(await read({})).toEqual([at(1), at(2), at(3)]);
  expect(await read({ tail: 1 })).toEqual([at(3)]);
  expect(await read({ since: new Date("2026-01-01T00:01:30Z") })).toEqual([at(2), at(3)]);
  expect(await read({ since: new Date("2026-01-01T00:01:30Z"), tail: 1 })).toEqual([at(3)]);
});

it("counts only the lines that are wanted", async () => {
  write(at(1), at(2), at(3), at(4));
  const wants = (line: string): boolean => !line.includes('"/4"');
  expect(await read({ wants, tail: 2 })).toEqual([at(2), at(3)]);
});
