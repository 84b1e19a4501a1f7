/**
 * `npm test`: everything. Sets up what is missing (Docker too), runs all that
 * can run here, ends what it started, and lists what was skipped and why.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checks } from "./check.ts";
import { endStartedEngine } from "./engine.ts";
import { runStep, type Step } from "./step.ts";

/** Most of these wait for others, and each test has its own folders and names. */
const SIDE_BY_SIDE = ["unit", "integration"];

const PROJECTS = ["contract", "integration", "fuzz", "cluster", "escape", "e2e"] as const;

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

const folder = mkdtempSync(join(tmpdir(), "bb-test-"));
const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
const failed: string[] = [];
const skips = new Set<string>();

async function run(step: Step): Promise<boolean> {
  const { ok, output } = await runStep(step);
  for (const [line] of output.matchAll(/SKIPPED .*/g)) skips.add(line);
  if (!ok) failed.push(step.name);
  return ok;
}

/** Runs a project; it also fails when it skipped something and printed no reason. */
async function runTests(project: string): Promise<void> {
  const reasons = skips.size;
  const report = join(folder, `${project}.json`);
  await run({
    name: `${project} tests`,
    argv: [
      "vitest",
      "run",
      "--project",
      project,
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...(SIDE_BY_SIDE.includes(project) ? ["--maxWorkers=2"] : []),
    ],
  });
  const counts = JSON.parse(readFileSync(report, "utf8")) as Record<
    "numPassedTests" | "numFailedTests" | "numPendingTests" | "numTotalTests",
    number
  >;
  if (counts.numTotalTests === 0) failed.push(`${project} tests: there are none`);
  totals.passed += counts.numPassedTests;
  totals.failed += counts.numFailedTests;
  totals.skipped += counts.numPendingTests;
  if (counts.numPendingTests > 0 && skips.size === reasons) {
    failed.push(`${project} tests: some were skipped without a reason`);
  }
}

const stateFolder = join(folder, "state");
try {
  for (const step of checks) if (step.name !== "unit tests") await run(step);
  await runTests("unit");
  await run({ name: "tools of the tests", argv: ["node", "tests/project/install-tools.ts"] });
  if (
    await run({
      name: "set up",
      argv: ["./bb", "doctor", "--fix"],
      environment: { BB_STATE_DIR: stateFolder },
    })
  ) {
    for (const project of PROJECTS) await runTests(project);
  }
} finally {
  await endStartedEngine(stateFolder);
  rmSync(folder, { recursive: true, force: true });
}

process.stdout.write(
  `\n${skips.size === 0 ? "Nothing was skipped." : `Skipped here:\n${[...skips].map((line) => `  ${line}`).join("\n")}`}\n`,
);
if (failed.length > 0) process.stdout.write(`Failed: ${failed.join(", ")}\n`);
process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
