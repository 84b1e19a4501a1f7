import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BB = fileURLToPath(new URL("../../bb", import.meta.url));

/** How a command ended. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** sent when stderr or stdout holds this text */
  readonly interruptAt?: string;
  /** SIGINT when absent */
  readonly interruptBy?: NodeJS.Signals;
}

/** `bb` with folders of its own; `end` ends the control plane that it may have started and removes the folders. */
export interface Bb {
  readonly stateDir: string;
  readonly environment: Readonly<Record<string, string>>;
  (arguments_: readonly string[], options?: RunOptions): Promise<Ran>;
  end(): Promise<void>;
}

/**
 * A `bb` on the fake runtime unless `environment` says otherwise. `before` stands before every command, such as the
 * words that enter a namespace.
 */
export function aBb(environment: Readonly<Record<string, string>> = {}, before: readonly string[] = []): Bb {
  const folder = mkdtempSync(join(tmpdir(), "bb-test-"));
  const stateDir = join(folder, "state");
  const own = {
    BB_RUNTIME: "fake",
    BB_STATE_DIR: stateDir,
    BB_CONFIG_DIR: join(folder, "config"),
    ...environment,
  };
  const bb = (arguments_: readonly string[], options: RunOptions = {}): Promise<Ran> =>
    run([...before, BB, ...arguments_], { ...options, environment: { ...own, ...options.environment } });
  return Object.assign(bb, {
    stateDir,
    environment: own,
    async end() {
      await bb(["down"]);
      rmSync(folder, { recursive: true, force: true });
    },
  });
}

/** Runs a command to its end, at most two minutes. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const [program = "", ...rest] = argv;
  const child = spawn(program, rest, {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: "1", ...options.environment },
    timeout: 120_000,
  });
  const said = { stdout: "", stderr: "" };
  let interruptAt = options.interruptAt;
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
      if (interruptAt === undefined || !said[name].includes(interruptAt)) return;
      interruptAt = undefined; // a second one would end it at once
      child.kill(options.interruptBy ?? "SIGINT");
    });
  }
  child.stdin.on("error", () => undefined); // a command that reads nothing may be gone
  child.stdin.end(options.input ?? "");
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, ...said }));
  });
}
