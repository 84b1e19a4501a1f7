import { existsSync, globSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ChildEnd, runChild } from "../process/child.ts";
import { isZero, type RefUpdate } from "../contract.ts";
import type { ObjectFormat } from "../object-format.ts";
import type { Environment } from "../process/environment.ts";

const LOCAL_TIMEOUT_MS = 60_000;
const CHECK_TIMEOUT_MS = 15 * 60_000;
const TIDY_TIMEOUT_MS = 5 * 60_000;
/** each is looked into for each object */
const MOST_PACKS = 30;
/** bytes go from one pack to the other as they are, with little memory */
const PACKING = ["-c", "pack.threads=1", "-c", "pack.windowMemory=16m", "-c", "pack.deltaCacheSize=16m"];

/** Refs by name, with the ids they are at. */
export type Refs = ReadonlyMap<string, string>;

/** The mirror could not be read, as when it is corrupt. */
export class MirrorError extends Error {
  override readonly name = "MirrorError";
}

/** the line of the configuration that says of what it is a mirror */
const UPSTREAM = /^\tof=.*$/m;
const SHA256 = /^\tobjectFormat=sha256$/m;

/** A bare repository that follows one remote, in a folder of the gate's own. */
export class Mirror {
  readonly gitDir: string;
  readonly #configOf: (format: ObjectFormat) => string;
  readonly #environment: Environment;
  readonly #signal: AbortSignal;
  readonly #packs: string;
  #format: ObjectFormat = "sha1";

  constructor(parts: {
    readonly gitDir: string;
    readonly configOf: (format: ObjectFormat) => string;
    readonly environment: Environment;
    readonly signal: AbortSignal;
  }) {
    this.gitDir = parts.gitDir;
    this.#packs = join(parts.gitDir, "objects/pack");
    this.#configOf = parts.configOf;
    this.#environment = parts.environment;
    this.#signal = parts.signal;
  }

  /**
   * Makes it when it is not there or of another upstream, and undoes what a killed process left in it. Nothing may be
   * using it.
   */
  async open(): Promise<void> {
    const config = textOf(join(this.gitDir, "config"));
    this.#format = SHA256.test(config) ? "sha256" : "sha1";
    if (!this.#isOfThisUpstream(config)) return this.rebuild();
    const leftovers = globSync(["**/*.lock", "objects/tmp_objdir-*", "objects/incoming-*"], {
      cwd: this.gitDir,
    });
    for (const path of leftovers) rmSync(join(this.gitDir, path), { recursive: true, force: true });
    // whatever is there, only our words count
    for (const path of ["hooks", "info", "objects/info/alternates", "config.worktree", "shallow"]) {
      rmSync(join(this.gitDir, path), { recursive: true, force: true });
    }
    this.removeHalves();
    writeFileSync(join(this.gitDir, "config"), this.#configOf(this.#format));
  }

  #isOfThisUpstream(config: string): boolean {
    const is = UPSTREAM.exec(config)?.[0];
    return is !== undefined && is === UPSTREAM.exec(this.#configOf(this.#format))?.[0];
  }

  get format(): ObjectFormat {
    return this.#format;
  }

  /** Begins anew when its objects are named otherwise. */
  async useFormat(format: ObjectFormat): Promise<void> {
    if (format === this.#format) return;
    this.#format = format;
    await this.rebuild();
  }

  /** Bytes of its packs, which hold nearly all that it is. */
  size(): number {
    const names = globSync("*.pack", { cwd: this.#packs });
    return names.reduce((sum, name) => sum + sizeOf(join(this.#packs, name)), 0);
  }

  /** Removes what a fetch left that failed, and says how large the largest of it was. Nothing may be fetching. */
  removeHalves(): number {
    const halves = globSync(["tmp_*", ".tmp-*"], { cwd: this.#packs }).map((name) => join(this.#packs, name));
    const largest = Math.max(0, ...halves.map(sizeOf));
    for (const path of halves) rmSync(path, { force: true });
    return largest;
  }

  /** Puts an empty one in its place. */
  async rebuild(): Promise<void> {
    const fresh = `${this.gitDir}.new`;
    rmSync(fresh, { recursive: true, force: true });
    const how = ["--bare", "--quiet", "--template=", "--initial-branch=main"];
    const made = await this.#run(["init", ...how, `--object-format=${this.#format}`, fresh], { cwd: "/" });
    if (!made.ok) throw new MirrorError(`the mirror could not be made: ${made.stderr}`);
    writeFileSync(join(fresh, "config"), this.#configOf(this.#format));
    rmSync(this.gitDir, { recursive: true, force: true });
    renameSync(fresh, this.gitDir);
  }

  async refs(): Promise<Refs> {
    const end = await this.#listRefs();
    if (!end.ok) throw new MirrorError("the refs of the mirror cannot be read");
    const lines = end.stdout.split("\n").filter((line) => line !== "");
    return new Map(lines.map((line) => line.split(" ")).map(([, id = "", ref = ""]) => [ref, id]));
  }

  /** Whether git takes it for a repository whose refs make sense. */
  async isReadable(): Promise<boolean> {
    return (await this.#listRefs()).ok;
  }

  /** Moves refs, all or none: each from where it is said to be. Resolves to whether it did. */
  async moveRefs(updates: readonly RefUpdate[]): Promise<boolean> {
    const words = updates.map(({ ref, from, to }) =>
      isZero(to) ? `delete ${ref}\0${from}\0` : `update ${ref}\0${to}\0${from}\0`,
    );
    const args = [`--git-dir=${this.gitDir}`, "update-ref", "--no-deref", "--stdin", "-z"];
    return (await this.#run(args, { input: words.join("") })).ok;
  }

  /** Makes many packs few, so that their number grows no more than with the logarithm of their objects'. Loses nothing. */
  async tidy(): Promise<void> {
    if (globSync("*.pack", { cwd: this.#packs }).length <= MOST_PACKS) return;
    const repack = ["repack", "--quiet", "--geometric=2", "-d"];
    await this.#run([`--git-dir=${this.gitDir}`, ...PACKING, ...repack], { timeoutMs: TIDY_TIMEOUT_MS });
    this.removeHalves();
    await this.#run([`--git-dir=${this.gitDir}`, "pack-refs", "--all"]);
  }

  /** The branch that a clone checks out. */
  async pointHead(branch: string): Promise<void> {
    if (textOf(join(this.gitDir, "HEAD")) === `ref: ${branch}\n`) return;
    const end = await this.#run([`--git-dir=${this.gitDir}`, "symbolic-ref", "HEAD", branch]);
    if (!end.ok) throw new MirrorError("HEAD of the mirror cannot be written");
  }

  /** Reads every object; takes long. */
  async isSound(): Promise<boolean> {
    const check = ["fsck", "--full", "--no-dangling", "--no-progress"];
    return (await this.#run([`--git-dir=${this.gitDir}`, ...check], { timeoutMs: CHECK_TIMEOUT_MS })).ok;
  }

  /** With the objects' types, so that it fails when the object of a ref is not there. */
  #listRefs(): Promise<ChildEnd> {
    return this.#run([
      `--git-dir=${this.gitDir}`,
      "for-each-ref",
      "--format=%(objecttype) %(objectname) %(refname)",
    ]);
  }

  #run(args: readonly string[], how: HowToRun = {}): Promise<ChildEnd> {
    const { cwd = this.gitDir, timeoutMs = LOCAL_TIMEOUT_MS, input = "" } = how;
    if (!existsSync(cwd)) return Promise.resolve({ ok: false, stdout: "", stderr: "it is gone" });
    const [environment, signal] = [this.#environment, this.#signal];
    return runChild({ argv: ["git", ...args], environment, cwd, timeoutMs, signal, input });
  }
}

interface HowToRun {
  readonly cwd?: string;
  readonly timeoutMs?: number;
  readonly input?: string;
}

/** Empty of a file that is not there. */
function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** 0 of a file that is gone by now. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
