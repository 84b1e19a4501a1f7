import { execa } from "execa";
import { spawn } from "node:child_process";
import { mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../images/clock.ts";
import type { DoctorOptions, Follow } from "./options.ts";
import { probeEngine } from "./probes/engine.ts";
import { probeMachine } from "./probes/machine.ts";

/** A first start makes the storage and the firewall's rules. */
const START_LIMIT_MS = 60_000;
const LOOK_AGAIN_MS = 250;

/**
 * Starts Docker, by the machine's init system where there is one, else by itself: in the background, with its pid
 * file and log in the state folder, there to stay. Resolves once it answers.
 */
export async function startDocker(options: DoctorOptions, { onProgress, signal }: Follow): Promise<void> {
  const { init, dockerd = "dockerd" } = await probeMachine(options.path, signal);
  onProgress("starting Docker");
  if (init === "none") return startAlone(dockerd, options, signal);
  const [program, ...argv] =
    init === "systemd" ? ["systemctl", "enable", "--now", "docker"] : ["service", "docker", "start"];
  const { exitCode, stderr } = await execa(program ?? "", argv, { cancelSignal: signal, reject: false });
  signal.throwIfAborted();
  if (exitCode !== 0) throw new Error(`${program} ${argv.join(" ")} failed: ${stderr ?? ""}`);
  await untilAnswers(options, signal);
}

async function startAlone(dockerd: string, options: DoctorOptions, signal: AbortSignal): Promise<void> {
  const folder = join(options.stateDir, "dockerd");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const logFile = join(folder, "log");
  const log = await open(logFile, "a", 0o600);
  const argv = ["--pidfile", join(folder, "pid"), "--host", `unix://${options.dockerSocket}`];
  const daemon = spawn(dockerd, argv, { detached: true, cwd: "/", stdio: ["ignore", log.fd, log.fd] });
  const ended = new Promise<string>((resolve) => {
    daemon.once("error", (error) => resolve(error.message));
    daemon.once("exit", () => resolve(`its log is ${logFile}`));
  });
  await log.close();
  daemon.unref();
  const answers = untilAnswers(options, signal).then(() => undefined);
  const reason = await Promise.race([answers, ended]);
  if (reason === undefined) return;
  answers.catch(() => undefined); // nobody waits for it any more
  throw new Error(`dockerd ended; ${reason}:\n${await endOf(logFile)}`);
}

async function untilAnswers({ dockerSocket }: DoctorOptions, signal: AbortSignal): Promise<void> {
  const both = AbortSignal.any([signal, AbortSignal.timeout(START_LIMIT_MS)]);
  while (!both.aborted) {
    if ((await probeEngine(dockerSocket, signal)).kind === "answers") return;
    await systemClock.sleep(LOOK_AGAIN_MS, signal);
  }
  signal.throwIfAborted();
  throw new Error(
    `Docker was started and does not answer on ${dockerSocket} after ${START_LIMIT_MS / 1000} seconds`,
  );
}

async function endOf(file: string): Promise<string> {
  return (await readFile(file, "utf8")).trimEnd().split("\n").slice(-10).join("\n");
}
