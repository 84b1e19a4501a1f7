import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { desiredEnvironment } from "../../../reconcilers/bottle/desired-environment.ts";
import { providerNamed } from "../../../reconcilers/providers/index.ts";
import { CA_BUNDLE_PATH, CA_PATH } from "../../../reconcilers/shared/agent-paths.ts";
import { startWorld, type World } from "./kit.ts";

const TIMEOUT_MS = 50_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
const run = promisify(execFile);

/** How a program ended. */
export interface Ended {
  readonly code: number;
  /** what it printed, errors last */
  readonly output: string;
}

/** A proxy, and programs that are told of it as those of a bottle's agent are. */
export interface ClientWorld {
  readonly world: World;
  /** temporary, and the HOME of the programs */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Runs a program to its end, whatever its exit code. */
  run(program: string, ...argv: readonly string[]): Promise<Ended>;
  close(): Promise<void>;
}

/** Starts a proxy with a policy. The programs trust the bottle's CA and no other. */
export async function startClientWorld(options: Parameters<typeof startWorld>[0]): Promise<ClientWorld> {
  const world = await startWorld(options);
  const folder = mkdtempSync(join(tmpdir(), "bb-clients-"));
  const ca = join(folder, "ca.pem");
  writeFileSync(ca, world.ca);
  const environment = { ...environmentOf(world, ca), HOME: folder, PATH: process.env["PATH"] };
  return {
    world,
    folder,
    environment,
    run: async (program, ...argv) => {
      const how = { env: environment, cwd: folder, timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES };
      const running = run(program, argv, how);
      running.child.stdin?.end();
      const ended: FailedRun = await running.catch((error: FailedRun) => error);
      const { stdout, stderr, code = 0 } = ended;
      return { code: typeof code === "number" ? code : -1, output: stdout + stderr };
    },
    close: async () => {
      await world.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface FailedRun {
  readonly stdout: string;
  readonly stderr: string;
  /** a word when the program could not be started */
  readonly code?: number | string | null;
}

/** What the product puts into an agent's environment, with this proxy and this CA. */
function environmentOf(world: World, ca: string): NodeJS.ProcessEnv {
  const effective = { fields: {}, spec: {}, provider: providerNamed("none")!, prompt: "" };
  const here = new Map([
    [CA_PATH, ca],
    [CA_BUNDLE_PATH, ca],
    ["http://egress:9099", `http://127.0.0.1:${world.port}`],
  ]);
  const asInBottle = Object.entries(desiredEnvironment(effective, "uid"));
  return Object.fromEntries(asInBottle.map(([name, value]) => [name, here.get(value) ?? value]));
}

/** Throws with what to install when a program is missing: these tests would show nothing without it. */
export function need(...programs: readonly string[]): void {
  const missing = programs.filter((program) => spawnSync(program, ["--version"]).error !== undefined);
  if (missing.length > 0) throw new Error(`these tests need ${missing.join(", ")}: install what is missing`);
}
