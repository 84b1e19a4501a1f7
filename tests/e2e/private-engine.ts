import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { run } from "../integration/cli-kit.ts";

/** A Docker engine of a test's own, which may be killed. */
export interface PrivateEngine {
  readonly socket: string;
  /** SIGKILL to dockerd and its containerd; containers' shims live on, as they would */
  kill(): Promise<void>;
  /** starts it again on the same data */
  start(): Promise<void>;
  /** ends it and all it started, and removes its data */
  end(): Promise<void>;
}

/** Starts an engine in a network namespace of its own, so that it does not touch the other one's bridges. */
export async function startPrivateEngine(): Promise<PrivateEngine> {
  const folder = mkdtempSync(join(tmpdir(), "bb-dockerd-"));
  const socket = join(folder, "docker.sock");
  let daemon: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    // numbers of processes come again, and an engine waits for the one that its file names
    for (const file of ["docker.pid", "exec/containerd/containerd.pid"])
      rmSync(join(folder, file), { force: true });
    const log = openSync(join(folder, "log"), "a");
    const flags = [
      ...["-H", `unix://${socket}`, "--data-root", join(folder, "data"), "--exec-root", join(folder, "exec")],
      ...["-p", join(folder, "docker.pid")],
    ];
    const command = `ip link set lo up; exec dockerd ${flags.join(" ")}`;
    daemon = spawn("unshare", ["--net", "sh", "-c", command], { stdio: ["ignore", log, log] });
    await untilAnswers(socket);
  };
  const kill = async (): Promise<void> => {
    const exited = daemon === undefined ? undefined : once(daemon, "exit");
    for (const pid of processesOf(folder, ["dockerd", "containerd"])) process.kill(pid, "SIGKILL");
    await exited;
  };
  await start();
  return {
    socket,
    kill,
    start,
    async end() {
      await kill();
      for (const pid of processesOf(folder, [])) killIfThere(pid);
      await unmountBelow(folder);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Copies images from the engine on the default socket. */
export async function copyImages(to: PrivateEngine, images: readonly string[]): Promise<void> {
  const pipeline = `docker save ${images.join(" ")} | docker -H unix://${to.socket} load`;
  const { code, stderr } = await run(["sh", "-c", pipeline]);
  if (code !== 0) throw new Error(stderr);
}

async function untilAnswers(socket: string): Promise<void> {
  for (let round = 0; round < 600; round++) {
    if ((await run(["docker", "-H", `unix://${socket}`, "version"])).code === 0) return;
    await pause(100);
  }
  throw new Error("the private engine does not answer");
}

/** Processes whose command line names the folder: dockerd, containerd and shims; only `programs` when there are any. */
function processesOf(folder: string, programs: readonly string[]): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => {
      try {
        const program = readlinkSync(`/proc/${pid}/exe`).split("/").at(-1) ?? "";
        const isWanted =
          programs.length === 0 ? /^(dockerd|containerd)/.test(program) : programs.includes(program);
        return isWanted && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder);
      } catch {
        return false; // it ended meanwhile
      }
    });
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function unmountBelow(folder: string): Promise<void> {
  const mounts = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((path) => path.startsWith(folder))
    .toSorted((a, b) => b.length - a.length);
  for (const path of mounts) await run(["umount", "--lazy", path]);
}
