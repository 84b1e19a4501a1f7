import { DockerExec } from "./docker/docker-exec.ts";
import { DockerLinkProbe } from "./docker/docker-link-probe.ts";
import { DockerLogs } from "./docker/docker-logs.ts";
import { DockerRuntime } from "./docker/docker-runtime.ts";
import { DockerSidecarControl } from "./docker/docker-sidecar-control.ts";
import { EngineConnection } from "./docker/engine-connection.ts";
import { DockerImageEngine } from "./docker/image-engine.ts";
import { createImageStore, findProductRoot, type LocalImageStore } from "./images/index.ts";
import type { LocalRuntime, RuntimeChoice } from "./select-runtime.ts";

/** A create or a start on a busy machine takes seconds; an engine that says nothing for longer hangs. */
const CALL_TIMEOUT_MS = 20_000;

/** A machine with a Docker engine. Opens nothing before the first call. */
export function createDockerMachine(
  choice: RuntimeChoice,
): LocalRuntime & { readonly images: LocalImageStore } {
  const { dockerSocket, instance, cacheDir, extraCaFile } = choice;
  const connection = new EngineConnection({ socketPath: dockerSocket, callTimeoutMs: CALL_TIMEOUT_MS });
  const images = createImageStore({
    engine: new DockerImageEngine(connection),
    productRoot: findProductRoot(),
    cacheFolder: cacheDir,
    hostCaFile: extraCaFile,
  });
  return {
    runtime: new DockerRuntime(connection, instance),
    probe: new DockerLinkProbe(connection, instance),
    control: new DockerSidecarControl(connection, instance),
    exec: new DockerExec(connection, instance),
    logs: new DockerLogs(connection, instance),
    images,
    close: () => images.close(),
  };
}
