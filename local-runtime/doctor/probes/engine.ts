import { RuntimeUnavailableError } from "../../../reconcilers/contract/errors.ts";
import { EngineConnection } from "../../docker/index.ts";
import type { EngineFacts, EngineState } from "../facts.ts";

/** An engine that takes longer to say who it is does not work. */
const ANSWER_LIMIT_MS = 5_000;

/** Asks the engine who it is. Never throws but when `signal` is aborted. */
export async function probeEngine(socketPath: string, signal: AbortSignal): Promise<EngineState> {
  const connection = new EngineConnection({ socketPath, callTimeoutMs: ANSWER_LIMIT_MS });
  const began = performance.now();
  try {
    const version = await connection.call(signal, (docker) => docker.version());
    const answeredInMs = Math.round(performance.now() - began);
    const info: unknown = await connection.call(signal, (docker) => docker.info());
    return { kind: "answers", facts: { ...factsOf(version, info as Info), answeredInMs } };
  } catch (error) {
    signal.throwIfAborted();
    return stateOf(error);
  }
}

/** The fields that are used of what the engine says. */
interface Info {
  readonly CgroupVersion?: string;
  readonly Driver?: string;
  readonly SecurityOptions?: readonly string[];
  readonly DockerRootDir?: string;
  readonly MemoryLimit?: boolean;
  readonly PidsLimit?: boolean;
  readonly CpuCfsQuota?: boolean;
  readonly IPv4Forwarding?: boolean;
}

type Version = { readonly Version: string; readonly ApiVersion: string; readonly Os: string };

function factsOf(version: Version, info: Info): Omit<EngineFacts, "answeredInMs"> {
  return {
    version: version.Version,
    apiVersion: version.ApiVersion,
    operatingSystem: version.Os,
    cgroupVersion: info.CgroupVersion ?? "1",
    storageDriver: info.Driver ?? "unknown",
    securityOptions: info.SecurityOptions ?? [],
    rootFolder: info.DockerRootDir ?? "/var/lib/docker",
    limits: {
      memory: info.MemoryLimit === true,
      pids: info.PidsLimit === true,
      cpu: info.CpuCfsQuota === true,
    },
    forwardsIpv4: info.IPv4Forwarding === true,
  };
}

function stateOf(error: unknown): EngineState {
  const cause: unknown = error instanceof RuntimeUnavailableError ? error.cause : error;
  switch ((cause as NodeJS.ErrnoException | undefined)?.code) {
    case "ENOENT":
      return { kind: "noSocket" };
    case "ECONNREFUSED":
      return { kind: "nobodyListens" };
    case "EACCES":
    case "EPERM":
      return { kind: "noRights" };
    default:
      return error instanceof RuntimeUnavailableError
        ? { kind: "silent" }
        : { kind: "broken", message: (error as Error).message };
  }
}
