import { spawnSync } from "node:child_process";
import { GoTool } from "../../go-tool.ts";

/** What certificates are, by whoever wrote it down; what public CAs owe to browsers is no matter of a private one. */
const SOURCES = "RFC3279,RFC5280,RFC5480,RFC5891,RFC8813,Community";

const zlint = new GoTool({
  folder: import.meta.dirname,
  module: "github.com/zmap/zlint/v3",
  package: "github.com/zmap/zlint/v3/cmd/zlint",
});

/** Why there is no linter on this machine; undefined when there is one. */
export function whyNoLinter(): string | undefined {
  return zlint.whyNot();
}

/** Builds it when it is missing. */
export function ensureLinter(): string {
  return zlint.ensure();
}

/** What zlint says of a certificate: how many rules hold, and the names of those that do not. */
export function lint(certificatePem: string): { readonly passed: number; readonly broken: string[] } {
  const { stdout } = spawnSync(ensureLinter(), ["-includeSources", SOURCES], {
    input: certificatePem,
    encoding: "utf8",
    timeout: 30_000,
  });
  const results = Object.entries(JSON.parse(stdout) as Record<string, { result: string }>);
  return {
    passed: results.filter(([, { result }]) => result === "pass").length,
    broken: results
      .filter(([, { result }]) => !["pass", "NA", "NE", "info"].includes(result))
      .map(([name, { result }]) => `${result}: ${name}`),
  };
}
