import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

const REQUIREMENTS = join(import.meta.dirname, "requirements.txt");

/** A python with the clients of the requirements; made when it is missing, and kept in the user's cache. */
export function ensurePythonClients(): string {
  const version = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex").slice(0, 16);
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const folder = join(cache, "bot-bottle-tests", `python-clients-${version}`);
  if (!existsSync(folder)) make(folder);
  return join(folder, "bin/python3");
}

/** An environment knows its own path, so it gets its name by a link, and only when it is whole. */
function make(folder: string): void {
  console.log("installing the Python clients of the tests through pip");
  const own = `${folder}.${process.pid}`;
  mkdirSync(dirname(folder), { recursive: true });
  execFileSync("python3", ["-m", "venv", own], { stdio: "inherit" });
  const pip = ["-m", "pip", "install", "-q", "--no-deps", "--only-binary", ":all:", "-r", REQUIREMENTS];
  execFileSync(join(own, "bin/python3"), pip, { stdio: "inherit" });
  try {
    symlinkSync(own, folder);
  } catch (error) {
    // another run was faster
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    rmSync(own, { recursive: true });
  }
}
