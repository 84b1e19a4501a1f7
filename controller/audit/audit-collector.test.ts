import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { SandboxLogs } from "../../reconcilers/contract/sandbox-exec.ts";
import { systemClock } from "../engine/index.ts";
import { BottleMetrics } from "../metrics/index.ts";
import { aBottle } from "../../tests/builders.ts";
import { withAudit } from "./audit-collector.ts";
import { AuditFaults } from "./audit-faults.ts";

const RECORD = JSON.stringify({
  ...{ time: "2026-01-01T00:00:00.000Z", sequence: 1, run: "r", gate: "egress", verdict: "deny" },
  ...{ code: "HostNotAllowed", because: "no route" },
});

let folder: string;
let end: AbortController;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bb-audit-"));
  end = new AbortController();
});
afterEach(() => {
  end.abort();
  rmSync(folder, { recursive: true });
});

it("says that an audit cannot be written while that is so, and writes what came meanwhile", async () => {
  // no folder can be made there
  writeFileSync(join(folder, "audit"), "");
  const bottle = aBottle();
  const { uid, namespace = "default", name } = bottle.metadata;
  const faults = new AuditFaults();
  const news: (string | undefined)[] = [];
  const logs: Pick<SandboxLogs, "logs"> = {
    async *logs() {
      yield { text: RECORD } as never;
    },
  };
  const audited = withAudit(
    { name: "bottle", reconcile: () => Promise.resolve({ kind: "settled" }) },
    {
      client: { get: () => Promise.resolve(bottle) } as never,
      logs: logs as SandboxLogs,
      events: { record: () => undefined },
      metrics: new BottleMetrics(),
      stateDir: folder,
      clock: systemClock,
      signal: end.signal,
      faults,
      onNews: () => news.push(faults.faultOf(uid)),
      onError: () => undefined,
    },
  );
  await audited.reconcile({ namespace, name }, { id: "p", signal: end.signal, now: new Date() });
  await expect.poll(() => faults.faultOf(uid)).toContain("free some space there");

  rmSync(join(folder, "audit"));
  await expect.poll(() => faults.faultOf(uid), { timeout: 10_000 }).toBeUndefined();

  const file = join(folder, "audit", `${namespace}_${name}.ndjson`);
  expect(readFileSync(file, "utf8")).toBe(`${RECORD}\n`);
  expect(news).toEqual([expect.stringContaining("the audit cannot be written"), undefined]);
});
