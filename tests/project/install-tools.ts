/**
 * Installs what the tests need and the product does not, where that starts nothing: an OpenSSH server that came with
 * an init system would listen on the developer's machine from then on. Builds the forge of the tests, which takes
 * minutes the first time and both cores, a linter of certificates, and clients of the egress proxy,
 * those of the models among them.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureLinter, whyNoLinter } from "../integration/egress/certificate-linter/linter.ts";
import { ensureAgentClient, whyNoAgentClients } from "../integration/egress/clients/agent-clients.ts";
import { buildGoClients, whyNoGoClients } from "../integration/egress/clients/go-clients.ts";
import { ensurePythonClients } from "../integration/egress/clients/python-clients.ts";
import { ensureForge, whyNoForge } from "../integration/forge/binary.ts";

const TOOLS = [
  { file: "/usr/sbin/sshd", package: "openssh-server" },
  { file: "/usr/bin/git-lfs", package: "git-lfs" },
];
const COMMANDS = (names: readonly string[]): readonly (readonly string[])[] => [
  ["update", "-q"],
  ["install", "-q", "-y", "--no-install-recommends", ...names],
];

const missing = TOOLS.filter(({ file }) => !existsSync(file)).map((tool) => tool.package);
const mayInstall = process.getuid?.() === 0 && !existsSync("/run/systemd/system");
if (missing.length > 0 && !mayInstall) {
  process.stderr.write(`the tests need ${missing.join(", ")}: sudo apt-get install ${missing.join(" ")}\n`);
  process.exitCode = 1;
}
for (const argv of missing.length > 0 && mayInstall ? COMMANDS(missing) : []) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const { status } = spawnSync("apt-get", argv, { stdio: "inherit", env });
  if (status !== 0) process.exitCode = 1;
}
if (whyNoForge() === undefined) ensureForge();
if (whyNoLinter() === undefined) ensureLinter();
ensurePythonClients();
if (whyNoAgentClients() === undefined)
  for (const name of ["claude", "codex"] as const) await ensureAgentClient(name);
if (whyNoGoClients() === undefined) {
  // built anew by the tests, from Go's cache, which this fills
  const folder = mkdtempSync(join(tmpdir(), "bb-go-clients-"));
  buildGoClients(folder);
  rmSync(folder, { recursive: true, force: true });
}
