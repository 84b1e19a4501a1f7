import { fail, ok, warn } from "./check.ts";
import type { Check } from "./check.ts";
import type { EngineFacts, EngineState, Facts, MachineFacts } from "./facts.ts";

/** Engines from this one on close what older ones leave open, such as AF_VSOCK in their own seccomp profile. */
const GOOD_MAJOR = 26;
const OLDEST_API = [1, 41] as const;
const SLOW_MS = 1_000;

/** Whether Docker is there, runs, and may be used. */
export function checkDocker({ engine, machine, socketPath }: Facts): readonly Check[] {
  if (engine.kind === "answers") return checkEngine(engine.facts);
  return [checkUnreachable(engine, machine, socketPath)];
}

function checkUnreachable(
  engine: Exclude<EngineState, { kind: "answers" }>,
  machine: MachineFacts,
  socketPath: string,
): Check {
  switch (engine.kind) {
    case "noRights":
      return fail("docker", `no rights to ${socketPath}`, {
        todo: "join the group docker (sudo usermod -aG docker $USER) and log in again, or run as root",
      });
    case "silent":
      return fail("docker", `something listens on ${socketPath} and does not answer`, {
        todo: "look at Docker's log and restart it",
      });
    case "broken":
      return fail("docker", engine.message, { todo: "look at Docker's log and restart it" });
    case "noSocket":
    case "nobodyListens":
      return checkAbsent(machine, socketPath);
    default:
      return engine satisfies never;
  }
}

function checkAbsent(machine: MachineFacts, socketPath: string): Check {
  if (machine.dockerd === undefined) return checkMissing(machine);
  if (machine.dockerRunning) {
    return fail("docker", `dockerd runs, but not on ${socketPath}`, {
      todo: "set DOCKER_HOST to its socket, or restart it with this one",
    });
  }
  const found = "Docker is installed and does not run";
  const todo = machine.init === "none" ? "start dockerd as root" : "sudo systemctl start docker";
  return fail("docker", found, machine.uid === 0 ? { todo, repair: "startDocker" } : { todo });
}

function checkMissing({ platform, debianLike, uid }: MachineFacts): Check {
  const found = "Docker is not installed";
  if (platform !== "linux") return fail("docker", found, { todo: "install Docker Desktop and start it" });
  if (!debianLike)
    return fail("docker", found, { todo: "install Docker with your system's package manager" });
  const todo = "sudo apt-get install docker.io iptables";
  return fail("docker", found, uid === 0 ? { todo, repair: "installDocker" } : { todo });
}

function checkEngine(engine: EngineFacts): readonly Check[] {
  return [
    checkAnswer(engine),
    checkVersion(engine),
    checkSeccomp(engine),
    checkStorage(engine),
    checkCgroups(engine),
    checkForwarding(engine),
  ];
}

function checkAnswer({ answeredInMs }: EngineFacts): Check {
  const found = `answers in ${answeredInMs} ms`;
  if (answeredInMs <= SLOW_MS) return ok("docker", found);
  return warn("docker", found, { todo: "the machine is busy or short of memory; starts will be slow" });
}

function checkVersion({ version, apiVersion, operatingSystem }: EngineFacts): Check {
  const found = `Docker ${version}, API ${apiVersion}`;
  if (operatingSystem !== "linux") {
    return fail("docker version", `${found}, for ${operatingSystem} containers`, {
      todo: "switch it to Linux containers",
    });
  }
  if (olderThan(apiVersion, OLDEST_API)) {
    return fail("docker version", found, {
      todo: `install one with API ${OLDEST_API.join(".")} or newer (Docker 20.10)`,
    });
  }
  if (Number.parseInt(version, 10) >= GOOD_MAJOR) return ok("docker version", found);
  return warn("docker version", found, {
    todo: `bottles bring their own seccomp profile, but the engine has holes that ${GOOD_MAJOR} closed: upgrade when you can`,
  });
}

function olderThan(version: string, [major, minor]: readonly [number, number]): boolean {
  const [a = 0, b = 0] = version.split(".").map(Number);
  return a < major || (a === major && b < minor);
}

function checkSeccomp({ securityOptions }: EngineFacts): Check {
  if (securityOptions.some((option) => option.startsWith("name=seccomp"))) return ok("seccomp", "enforced");
  return fail("seccomp", "the engine cannot filter system calls", {
    todo: "use a kernel with CONFIG_SECCOMP_FILTER and an engine that is built with seccomp",
  });
}

const GOOD_STORAGE = ["overlay2", "overlayfs", "btrfs", "zfs", "fuse-overlayfs"];

function checkStorage({ storageDriver }: EngineFacts): Check {
  if (GOOD_STORAGE.includes(storageDriver)) return ok("docker storage", storageDriver);
  return warn("docker storage", `${storageDriver}: every container is a whole copy of its image`, {
    todo: "put Docker's data folder on a file system that overlay2 can use, such as ext4 or xfs",
  });
}

function checkCgroups({ cgroupVersion, limits }: EngineFacts): Check {
  const missing = Object.entries(limits).flatMap(([name, given]) => (given ? [] : [name]));
  if (missing.length === 0)
    return ok("cgroups", `v${cgroupVersion}, with limits on memory, processes and CPU`);
  return fail("cgroups", `v${cgroupVersion}, without limits on ${missing.join(", ")}`, {
    todo: "an agent could starve the machine: mount the missing cgroup controllers (package cgroupfs-mount where no init system does)",
  });
}

function checkForwarding({ forwardsIpv4 }: EngineFacts): Check {
  if (forwardsIpv4) return ok("network", "the engine forwards IPv4");
  return fail("network", "the kernel does not forward IPv4, so sidecars have no way out", {
    todo: "sudo sysctl -w net.ipv4.ip_forward=1",
  });
}
