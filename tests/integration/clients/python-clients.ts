import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

const REQUIREMENTS = join(import.meta.dirname, "requirements.txt");

/** A python with the clients of the requirements; made when it is missing, and kept in the user's cache. */
export function ensurePythonClients(): string {
  const version = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex").slice(0, 16);
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const folder = join(cache, "bot-bottle-tests", `python-clients-${version}`);
  const made = join(folder, "made");
  if (!existsSync(made)) make(folder, made);
  return join(folder, "bin/python3");
}

/** The mark comes last: an environment knows its own path and cannot be moved to where it counts. */
function make(folder: string, made: string): void {
  console.log("installing the Python clients of the tests through pip");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  execFileSync("python3", ["-m", "venv", folder], { stdio: "inherit" });
  const pip = ["-m", "pip", "install", "-q", "--no-deps", "--only-binary", ":all:", "-r", REQUIREMENTS];
  execFileSync(join(folder, "bin/python3"), pip, { stdio: "inherit" });
  writeFileSync(made, "");
}
