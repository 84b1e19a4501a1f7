import { LABELS } from "../../reconcilers/shared/naming.ts";
import type { EngineConnection } from "./engine-connection.ts";
import { OUTSIDE_LABEL } from "./outside-container.ts";

/** Names of all that the engine still has of an instance, bottles' parts and stand-ins alike. */
export async function remainsOf(
  connection: EngineConnection,
  instance: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found = await Promise.all(
    [LABELS.instance, OUTSIDE_LABEL].map((label) => marked(connection, `${label}=${instance}`, signal)),
  );
  return found.flat();
}

async function marked(connection: EngineConnection, label: string, signal: AbortSignal): Promise<string[]> {
  const filters = { label: [label] };
  const [containers, volumes, networks] = await Promise.all([
    connection.call(signal, (docker, call) => docker.listContainers({ all: true, filters, ...call })),
    connection.call(signal, (docker, call) => docker.listVolumes({ filters, ...call })),
    connection.call(signal, (docker, call) => docker.listNetworks({ filters, ...call })),
  ]);
  return [
    ...containers.map(({ Names }) => `container ${Names[0]?.slice(1) ?? ""}`),
    ...volumes.Volumes.map(({ Name }) => `volume ${Name}`),
    ...networks.map(({ Name }) => `network ${Name}`),
  ];
}
