import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { DockerImageEngine } from "../../local-runtime/docker/image-engine.ts";
import {
  DockerExec,
  DockerLinkProbe,
  DockerLogs,
  DockerRuntime,
  DockerSidecarControl,
  EngineConnection,
} from "../../local-runtime/docker/index.ts";
import { createImageStore, findProductRoot, NPM_PACKAGES } from "../../local-runtime/images/index.ts";
import type { WantedImage } from "../../reconcilers/contract/image-store.ts";
import { LABELS } from "../../reconcilers/shared/naming.ts";

/** The engine under test: the machine's, or the one that DOCKER_HOST names. */
const DOCKER_SOCKET = process.env.DOCKER_HOST?.replace(/^unix:\/\//, "") ?? "/var/run/docker.sock";

export const connection = new EngineConnection({ socketPath: DOCKER_SOCKET, callTimeoutMs: 20_000 });
export const { docker } = connection;

/** Everything that one control plane has of Docker. */
export const dockerAdapters = (instance: string) => ({
  runtime: new DockerRuntime(connection, instance),
  exec: new DockerExec(connection, instance),
  logs: new DockerLogs(connection, instance),
  control: new DockerSidecarControl(connection, instance),
  probe: new DockerLinkProbe(connection, instance),
});

/** Fails a suite at once where there is no engine: without Docker nothing here may pass. */
export async function requireDocker(): Promise<void> {
  try {
    await new DockerRuntime(connection, "none").probe(AbortSignal.timeout(10_000));
  } catch (error) {
    throw new Error(`these tests need Docker; run: ./bb doctor --fix (${(error as Error).message})`);
  }
}

const WANTED = {
  airlock: { kind: "airlock" },
  sidecars: { kind: "sidecars" },
  agent: { kind: "provider", provider: "claude", version: NPM_PACKAGES.claude.x64.version },
} as const satisfies Record<string, WantedImage>;

/** Id of one of the product's images, built first when it is not there. */
export async function productImage(name: keyof typeof WANTED): Promise<string> {
  const store = createImageStore({
    engine: new DockerImageEngine(connection),
    productRoot: findProductRoot(),
    cacheFolder: join(homedir() || tmpdir(), ".cache/bot-bottle"),
  });
  for (;;) {
    const state = await store.ensure(WANTED[name], AbortSignal.timeout(60_000));
    if (state.kind === "present") return state.id;
    if (state.kind !== "building") throw new Error(`no image for ${name}: ${JSON.stringify(state)}`);
    await new Promise((resolve) => AbortSignal.timeout(500).addEventListener("abort", resolve));
  }
}

/** Removes everything that an instance made. */
export async function removeInstance(instance: string): Promise<void> {
  const filters = { label: [`${LABELS.instance}=${instance}`] };
  const containers = await docker.listContainers({ all: true, filters });
  await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
  const { Volumes } = await docker.listVolumes({ filters });
  await Promise.all(Volumes.map(({ Name }) => docker.getVolume(Name).remove()));
  const networks = await docker.listNetworks({ filters });
  await Promise.all(networks.map(({ Id }) => docker.getNetwork(Id).remove()));
}
