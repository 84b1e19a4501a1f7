import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { ContainerCreateOptions } from "dockerode";
import { pack } from "tar-stream";
import type { EngineConnection } from "./engine-connection.ts";
import { unlessStatus } from "./engine-errors.ts";
import { Uplink } from "./uplink.ts";

/** Marks what stands for the world outside of an instance's bottles; never the label of what is in one. */
export const OUTSIDE_LABEL = "bot-bottle.dev/outside";

/** Nobody, in every image. */
const NOBODY = 65_534;

/** A program that plays a host outside of all bottles, for the demonstration and for tests. */
export interface OutsideSpec {
  readonly image: string;
  /** replaces the image's own command and entry point */
  readonly argv: readonly string[];
  /** absolute path to content; only the program's user may read them */
  readonly files: Readonly<Record<string, string>>;
  /** the program's port, above 1023; it prints the line `ready` once it listens there */
  readonly port: number;
}

/** A running one, at `address`:`port`. */
export interface OutsideContainer {
  readonly address: string;
  readonly port: number;
  /** everything it printed so far */
  lines(signal: AbortSignal): Promise<readonly string[]>;
  remove(signal: AbortSignal): Promise<void>;
}

/**
 * Starts a program in a container on a network of its own, with its port published on the gateway address of the
 * instance's uplink and nowhere else. Resolves once it is ready; nothing of it stays when it does not get there.
 */
export async function startOutside(
  connection: EngineConnection,
  instance: string,
  spec: OutsideSpec,
  signal: AbortSignal,
): Promise<OutsideContainer> {
  const name = outsideName(instance);
  const remove = (until: AbortSignal): Promise<void> => removeOutside(connection, instance, until);
  await remove(signal);
  try {
    const address = await uplinkGateway(connection, instance, signal);
    await createNetwork(connection, name, instance, signal);
    await create(connection, optionsOf(name, instance, spec, address), spec.files, signal);
    await untilReady(connection, name, signal);
    const port = await publishedPort(connection, name, spec.port, signal);
    return { address, port, remove, lines: (until) => linesOf(connection, name, until) };
  } catch (error) {
    await remove(AbortSignal.timeout(30_000));
    throw error;
  }
}

/** Removes what `startOutside` made, also by a process that was killed; succeeds when there is nothing. */
export async function removeOutside(
  connection: EngineConnection,
  instance: string,
  signal: AbortSignal,
): Promise<void> {
  const name = outsideName(instance);
  const container = connection.call(signal, (docker, call) =>
    docker.getContainer(name).remove({ force: true, v: true, ...call }),
  );
  await unlessStatus([404, 409], container);
  const network = connection.call(signal, (docker, call) => docker.getNetwork(name).remove(call));
  await unlessStatus([404], network);
}

const outsideName = (instance: string): string => `bb-${instance}-outside`;

async function uplinkGateway(
  connection: EngineConnection,
  instance: string,
  signal: AbortSignal,
): Promise<string> {
  const uplink = new Uplink(connection, instance);
  await uplink.ensure(signal);
  const network = await connection.call(signal, (docker) => docker.getNetwork(uplink.name).inspect());
  const gateway = network.IPAM?.Config?.[0]?.["Gateway"];
  if (gateway === undefined) throw new Error(`the network ${uplink.name} has no gateway`);
  return gateway;
}

async function createNetwork(
  connection: EngineConnection,
  name: string,
  instance: string,
  signal: AbortSignal,
): Promise<void> {
  const options = {
    Name: name,
    CheckDuplicate: true,
    Driver: "bridge",
    Labels: { [OUTSIDE_LABEL]: instance },
  };
  await connection.call(signal, (docker, call) => docker.createNetwork({ ...options, ...call }));
}

function optionsOf(
  name: string,
  instance: string,
  spec: OutsideSpec,
  address: string,
): ContainerCreateOptions {
  const [program = "", ...rest] = spec.argv;
  const port = `${spec.port}/tcp`;
  return {
    name,
    Image: spec.image,
    Entrypoint: [program],
    Cmd: rest,
    User: `${NOBODY}:${NOBODY}`,
    WorkingDir: "/",
    // A terminal keeps the log one plain stream of lines.
    Tty: true,
    Labels: { [OUTSIDE_LABEL]: instance },
    ExposedPorts: { [port]: {} },
    HostConfig: {
      NetworkMode: name,
      PortBindings: { [port]: [{ HostIp: address, HostPort: "" }] },
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      Init: true,
    },
  };
}

async function create(
  connection: EngineConnection,
  options: ContainerCreateOptions,
  files: OutsideSpec["files"],
  signal: AbortSignal,
): Promise<void> {
  const container = await connection.call(signal, (docker, call) =>
    docker.createContainer({ ...options, ...call }),
  );
  const archive = pack();
  const owner = { uid: NOBODY, gid: NOBODY, mode: 0o400 };
  for (const [path, content] of Object.entries(files))
    archive.entry({ name: path.slice(1), ...owner }, content);
  archive.finalize();
  await connection.call(signal, (_, call) =>
    container.putArchive(Readable.from(archive), { path: "/", ...call }),
  );
  await connection.call(signal, (_, call) => container.start(call));
}

async function untilReady(connection: EngineConnection, name: string, signal: AbortSignal): Promise<void> {
  const log = await connection.open(signal, (docker, call) =>
    docker.getContainer(name).logs({ stdout: true, stderr: true, follow: true, ...call }),
  );
  const said: string[] = [];
  for await (const line of createInterface({ input: log, crlfDelay: Infinity, signal })) {
    if (line === "ready") return;
    said.push(line);
  }
  signal.throwIfAborted();
  throw new Error(`the program ended before it was ready: ${said.join("\n")}`);
}

async function publishedPort(
  connection: EngineConnection,
  name: string,
  port: number,
  signal: AbortSignal,
): Promise<number> {
  const found = await connection.call(signal, (docker) => docker.getContainer(name).inspect());
  return Number(found.NetworkSettings.Ports[`${port}/tcp`]?.[0]?.HostPort);
}

async function linesOf(
  connection: EngineConnection,
  name: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const log = await connection.call(signal, (docker, call) =>
    docker.getContainer(name).logs({ stdout: true, stderr: true, follow: false, ...call }),
  );
  return log
    .toString("utf8")
    .split(/\r?\n/)
    .filter((line) => line !== "");
}
