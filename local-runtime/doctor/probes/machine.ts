import { execa } from "execa";
import { access, constants, readdir, readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { InitSystem, MachineFacts } from "../facts.ts";

/** Where Debian puts dockerd when PATH has no sbin, as a user's has not. */
const SYSTEM_FOLDERS = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin", "/sbin", "/bin"];

/** What the doctor needs to know of this machine. `path` is the value of PATH. */
export async function probeMachine(path: string, signal: AbortSignal): Promise<MachineFacts> {
  const folders = [...path.split(delimiter).filter((folder) => folder !== ""), ...SYSTEM_FOLDERS];
  const [dockerd, aptGet, npm, kubectl, init, dockerRunning] = await Promise.all([
    findProgram("dockerd", folders),
    findProgram("apt-get", folders),
    findProgram("npm", folders),
    findProgram("kubectl", folders),
    initSystem(),
    isRunning("dockerd"),
  ]);
  return {
    platform: process.platform,
    uid: process.getuid?.(),
    nodeVersion: process.versions.node,
    debianLike: aptGet !== undefined,
    init,
    dockerd,
    dockerRunning,
    npm,
    kubectl: kubectl && (await kubectlVersion(kubectl, signal)),
  };
}

async function findProgram(name: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    if (await allows(join(folder, name), constants.X_OK)) return join(folder, name);
  }
  return undefined;
}

async function initSystem(): Promise<InitSystem> {
  if (await allows("/run/systemd/system", constants.F_OK)) return "systemd";
  const first = await readFile("/proc/1/comm", "utf8").catch(() => "");
  return first.trim() === "init" && (await allows("/etc/init.d/docker", constants.X_OK))
    ? "sysvinit"
    : "none";
}

async function isRunning(program: string): Promise<boolean> {
  const processes = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const names = await Promise.all(
    processes.map((id) => readFile(`/proc/${id}/comm`, "utf8").catch(() => "")),
  );
  return names.some((name) => name.trim() === program);
}

async function kubectlVersion(kubectl: string, signal: AbortSignal): Promise<string> {
  const options = { cancelSignal: signal, reject: false, timeout: 5_000 } as const;
  const { stdout = "" } = await execa(kubectl, ["version", "--client"], options);
  return /v\d+\.\d+\.\d+\S*/.exec(stdout)?.[0] ?? kubectl;
}

/** Whether a file allows what `mode` asks for, to this user. */
export function allows(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
