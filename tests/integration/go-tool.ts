import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** A program that tests need, from a Go module whose versions and sums stand in a folder of this repository. */
export class GoTool {
  readonly #folder: string;
  readonly #module: string;
  readonly #package: string;
  readonly #build: { readonly flags: readonly string[]; readonly cgo: boolean };
  readonly version: string;
  readonly #oldestGo: string;

  /** `folder` has the go.mod, whose requirement of `module` is the version of `package`. */
  constructor(options: {
    readonly folder: string;
    readonly module: string;
    readonly package: string;
    readonly flags?: (version: string) => readonly string[];
    readonly cgo?: boolean;
  }) {
    this.#folder = options.folder;
    this.#module = options.module;
    this.#package = options.package;
    const file = readFileSync(join(options.folder, "go.mod"), "utf8");
    const required = new RegExp(`^(?:require |\\t)${RegExp.escape(options.module)} v(\\S+)`, "m");
    this.version = required.exec(file)![1]!;
    this.#oldestGo = /^go (\S+)$/m.exec(file)![1]!;
    this.#build = { flags: options.flags?.(this.version) ?? [], cgo: options.cgo === true };
  }

  /** Why it cannot be had on this machine; undefined when it can. */
  whyNot(): string | undefined {
    if (onPath("go") === undefined) return `Go, which builds ${this.#module}, is not installed`;
    const version = this.goSays("env", "GOVERSION").slice("go".length);
    if (isOlder(version, this.#oldestGo))
      return `${this.#module} needs Go ${this.#oldestGo}, this is ${version}`;
    const lacksC = this.#build.cgo && onPath("gcc") === undefined;
    return lacksC ? `gcc, which builds ${this.#module}, is not installed` : undefined;
  }

  /** Path of the program; built when it is missing, kept in the user's cache, and nothing is installed. */
  ensure(): string {
    const folder = join(cacheFolder(), this.#module.replaceAll("/", "_"), `v${this.version}`);
    const program = join(folder, "program");
    if (existsSync(program)) return program;
    console.log(`building ${this.#package} ${this.version} through the Go module proxy`);
    const unfinished = `${program}.${process.pid}`;
    mkdirSync(folder, { recursive: true });
    execFileSync(
      "nice",
      ["go", "build", "-trimpath", ...this.#build.flags, "-o", unfinished, this.#package],
      {
        cwd: this.#folder,
        env: {
          ...process.env,
          CGO_ENABLED: this.#build.cgo ? "1" : "0",
          GOFLAGS: "-buildvcs=false -mod=readonly",
        },
        stdio: "inherit",
      },
    );
    renameSync(unfinished, program);
    return program;
  }

  /** What the go command answers in the module's folder. */
  goSays(...argv: string[]): string {
    return execFileSync("go", argv, { cwd: this.#folder, encoding: "utf8" }).trim();
  }
}

function cacheFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "bot-bottle-tests");
}

function onPath(program: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, "en", { numeric: true }) < 0;
}
