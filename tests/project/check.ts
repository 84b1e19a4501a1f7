/** `npm run check`: format, lint, types, import rules, unit tests. Needs no engine and no network. */
import { runStep, type Step } from "./step.ts";

export const checks: readonly Step[] = [
  { name: "format", argv: ["prettier", "--check", "--log-level", "warn", "."] },
  { name: "lint", argv: ["eslint", "--max-warnings", "0", "."] },
  { name: "types", argv: ["tsc", "--project", "."] },
  { name: "import rules", argv: ["node", "tests/project/import-rules.ts"] },
  { name: "unit tests", argv: ["vitest", "run", "--project", "unit"] },
];

if (import.meta.main) {
  const failed: string[] = [];
  for (const step of checks) if (!(await runStep(step)).ok) failed.push(step.name);
  process.stdout.write(
    failed.length === 0 ? "\ncheck: all is well\n" : `\ncheck failed: ${failed.join(", ")}\n`,
  );
  process.exitCode = failed.length === 0 ? 0 : 1;
}
