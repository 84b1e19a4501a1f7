export { DockerExec } from "./docker-exec.ts";
export { DockerLinkProbe } from "./docker-link-probe.ts";
export { DockerLogs } from "./docker-logs.ts";
export { DockerRuntime } from "./docker-runtime.ts";
export { DockerSidecarControl } from "./docker-sidecar-control.ts";
export { EngineConnection } from "./engine-connection.ts";
