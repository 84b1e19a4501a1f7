import { DockerImageEngine } from "./docker/image-engine.ts";
import {
  DockerExec,
  DockerLinkProbe,
  DockerLogs,
  DockerRuntime,
  DockerSidecarControl,
  EngineConnection,
} from "./docker/index.ts";
import { removeOutside, startOutside } from "./docker/outside-container.ts";
import { remainsOf } from "./docker/remains.ts";
import { createImageStore, findProductRoot } from "./images/index.ts";
import type { LocalRuntime, RuntimeChoice } from "./local-runtime.ts";

/** A create or a start on a busy machine takes seconds; an engine that says nothing for longer hangs. */
const CALL_TIMEOUT_MS = 20_000;

/** A machine with a Docker engine. Opens nothing before the first call. */
export function createDockerMachine(choice: RuntimeChoice): LocalRuntime {
  const { dockerSocket, instance, cacheDir, extraCaFile } = choice;
  const connection = new EngineConnection({ socketPath: dockerSocket, callTimeoutMs: CALL_TIMEOUT_MS });
  const images = createImageStore({
    engine: new DockerImageEngine(connection),
    productRoot: findProductRoot(),
    cacheFolder: cacheDir,
    hostCaFile: extraCaFile,
  });
  const runtime = new DockerRuntime(connection, instance);
  return {
    runtime,
    probe: new DockerLinkProbe(connection, instance),
    control: new DockerSidecarControl(connection, instance),
    exec: new DockerExec(connection, instance),
    logs: new DockerLogs(connection, instance),
    images,
    removeShared: (signal) => runtime.removeUplink(signal),
    outside: {
      start: (spec, signal) => startOutside(connection, instance, spec, signal),
      remove: (signal) => removeOutside(connection, instance, signal),
    },
    remains: (signal) => remainsOf(connection, instance, signal),
    close: () => images.close(),
  };
}
