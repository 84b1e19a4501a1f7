import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { docker } from "../contract/docker-machine.ts";

/** A process of a container as this machine's root sees it. */
export interface ContainerProcess {
  /** here */
  readonly pid: number;
  /** in the container */
  readonly innerPid: number;
  readonly argv: readonly string[];
  /** of /proc/PID/status */
  readonly status: Readonly<Record<string, string>>;
  readonly environment: string;
  /** what its descriptors are, by number */
  readonly descriptors: ReadonlyMap<number, string>;
}

/** Every process of a container. Needs root. */
export async function processesIn(container: string): Promise<readonly ContainerProcess[]> {
  const { State } = await docker.getContainer(container).inspect();
  const namespace = readlinkSync(`/proc/${State.Pid}/ns/pid`);
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return readlinkSync(`/proc/${name}/ns/pid`) === namespace ? [processAt(Number(name))] : [];
      } catch {
        return []; // it has ended
      }
    });
}

function processAt(pid: number): ContainerProcess {
  const status = Object.fromEntries(
    readFileSync(`/proc/${pid}/status`, "utf8")
      .split("\n")
      .map((line) => line.split(/:\s+/, 2) as [string, string]),
  );
  const descriptors = readdirSync(`/proc/${pid}/fd`).map((fd): [number, string] => [
    Number(fd),
    readlinkSync(`/proc/${pid}/fd/${fd}`),
  ]);
  return {
    pid,
    innerPid: Number(status["NSpid"]?.split("\t").at(-1)),
    argv: readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1),
    status,
    environment: readFileSync(`/proc/${pid}/environ`, "utf8"),
    descriptors: new Map(descriptors),
  };
}
