import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

const FOLDER = import.meta.dirname;
const PACKAGE = "code.gitea.io/gitea";
const MODULE = readFileSync(join(FOLDER, "go.mod"), "utf8");
const VERSION = /^require code\.gitea\.io\/gitea v(\S+)$/m.exec(MODULE)![1]!;
const OLDEST_GO = /^go (\S+)$/m.exec(MODULE)![1]!;

/** A forge on this machine: a program, and the folder with the texts that it reads. */
interface ForgeBinary {
  readonly program: string;
  readonly texts: string;
}

/** Why no Gitea can be had on this machine; undefined when one can. */
export function whyNoForge(): string | undefined {
  if (onPath("go") === undefined) return "Go, which builds Gitea, is not installed";
  const version = goSays("env", "GOVERSION").slice("go".length);
  if (isOlder(version, OLDEST_GO)) return `Gitea needs Go ${OLDEST_GO}, this is ${version}`;
  // for its SQLite
  return onPath("gcc") === undefined ? "gcc, which builds Gitea's database, is not installed" : undefined;
}

/** Builds it when it is missing, four minutes on two cores; it stays in the cache and nothing is installed. */
export function ensureForge(): ForgeBinary {
  const program = join(cacheFolder(), "gitea");
  if (!existsSync(program)) build(program);
  goSays("mod", "download", PACKAGE);
  return { program, texts: goSays("list", "-m", "-f", "{{.Dir}}", PACKAGE) };
}

function build(target: string): void {
  console.log(`building Gitea ${VERSION} through the Go module proxy; this takes some minutes once`);
  const unfinished = `${target}.${process.pid}`;
  mkdirSync(cacheFolder(), { recursive: true });
  const flags = ["-trimpath", "-ldflags", `-s -w -X main.Version=${VERSION}`];
  const tags = ["-tags", "sqlite sqlite_unlock_notify"];
  execFileSync("nice", ["go", "build", ...flags, ...tags, "-o", unfinished, PACKAGE], {
    cwd: FOLDER,
    env: { ...process.env, CGO_ENABLED: "1", GOFLAGS: "-buildvcs=false -mod=readonly" },
    stdio: "inherit",
  });
  renameSync(unfinished, target);
}

function goSays(...argv: string[]): string {
  return execFileSync("go", argv, { cwd: FOLDER, encoding: "utf8" }).trim();
}

function cacheFolder(): string {
  const caches = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return join(caches, "bot-bottle-forge", `v${VERSION}`);
}

function onPath(program: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, "en", { numeric: true }) < 0;
}
