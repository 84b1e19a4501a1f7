/**
 * Runs dependency-cruiser and fails on a violation, and also when it cruised
 * fewer modules than there are sources: under a TypeScript that it does not
 * know it cruises nothing and says that all is well.
 */
import { execFileSync, spawnSync } from "node:child_process";

const FOLDERS = ["crds", "sidecars", "reconcilers", "local-runtime", "controller", "tests"];

interface Report {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
    }[];
  };
}

const sources = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard", "--", ...FOLDERS],
  { encoding: "utf8" },
)
  .split("\n")
  .filter((path) => path.endsWith(".ts"));
const cruise = spawnSync("depcruise", ["--output-type", "json", ...FOLDERS], {
  encoding: "utf8",
  maxBuffer: 256 * 1024 * 1024,
});
if (cruise.stdout === "") throw new Error(`depcruise printed nothing: ${cruise.stderr}`);
const report = JSON.parse(cruise.stdout) as Report;
const cruised = new Set(report.modules.map(({ source }) => source));
const missed = sources.filter((path) => !cruised.has(path));

for (const { from, to, rule } of report.summary.violations)
  process.stdout.write(`${rule.name}: ${from} → ${to}\n`);
if (missed.length > 0)
  process.stdout.write(`not cruised: ${missed.slice(0, 10).join(", ")}${missed.length > 10 ? ", …" : ""}\n`);
process.stdout.write(
  `${sources.length} sources, ${cruised.size} modules cruised, ${report.summary.violations.length} violations\n`,
);
process.exitCode = report.summary.violations.length > 0 || missed.length > 0 || sources.length === 0 ? 1 : 0;
