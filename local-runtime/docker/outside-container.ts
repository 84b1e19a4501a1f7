import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { ContainerCreateOptions } from "dockerode";
import { pack } from "tar-stream";
import type { EngineConnection } from "./engine-connection.ts";
import { unlessStatus } from "./engine-errors.ts";
import { runExec } from "./engine-exec.ts";
import { Uplink } from "./uplink.ts";

/** Marks what stands for the world outside of an instance's bottles; never the label of what is in one. */
export const OUTSIDE_LABEL = "bot-bottle.dev/outside";

/** Nobody, in every image. */
const NOBODY = 65_534;
const NAME = /^[a-z][a-z0-9-]{0,30}$/;

/** A program that plays a host outside of all bottles, for the demonstration and for tests. */
export interface OutsideSpec {
  /** tells it from the instance's others: lower-case letters, digits and `-` */
  readonly name: string;
  readonly image: string;
  /** uid and gid; nobody's when absent */
  readonly user?: number | undefined;
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
  /** runs a command in it as its user and returns the beginning of what that wrote */
  run(argv: readonly string[], signal: AbortSignal): Promise<{ readonly output: string }>;
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
  if (!NAME.test(spec.name))
    throw new Error(`${JSON.stringify(spec.name)} cannot be part of a container's name`);
  const name = `bb-${instance}-outside-${spec.name}`;
  const remove = async (until: AbortSignal): Promise<void> => {
    await removeContainer(connection, name, until);
    await removeNetwork(connection, name, until);
  };
  await remove(signal);
  try {
    const address = await uplinkGateway(connection, instance, signal);
    await createNetwork(connection, name, instance, signal);
    await create(connection, optionsOf(name, instance, spec, address), spec, signal);
    await untilReady(connection, name, signal);
    const port = await publishedPort(connection, name, spec.port, signal);
    return {
      address,
      port,
      lines: (until) => linesOf(connection, name, until),
      run: (argv, until) => runExec(connection, name, argv, until),
    };
  } catch (error) {
    await remove(AbortSignal.timeout(30_000));
    throw error;
  }
}

/** Removes all that `startOutside` made, also by a process that was killed; succeeds when there is nothing. */
export async function removeOutside(
  connection: EngineConnection,
  instance: string,
  signal: AbortSignal,
): Promise<void> {
  const filters = { label: [`${OUTSIDE_LABEL}=${instance}`] };
  const [containers, networks] = await Promise.all([
    connection.call(signal, (docker, call) => docker.listContainers({ all: true, filters, ...call })),
    connection.call(signal, (docker, call) => docker.listNetworks({ filters, ...call })),
  ]);
  await Promise.all(containers.map(({ Id }) => removeContainer(connection, Id, signal)));
  await Promise.all(networks.map(({ Id }) => removeNetwork(connection, Id, signal)));
}

async function removeContainer(
  connection: EngineConnection,
  nameOrId: string,
  signal: AbortSignal,
): Promise<void> {
  const removal = connection.call(signal, (docker, call) =>
    docker.getContainer(nameOrId).remove({ force: true, v: true, ...call }),
  );
  await unlessStatus([404, 409], removal);
}

async function removeNetwork(
  connection: EngineConnection,
  nameOrId: string,
  signal: AbortSignal,
): Promise<void> {
  const removal = connection.call(signal, (docker, call) => docker.getNetwork(nameOrId).remove(call));
  await unlessStatus([404], removal);
}

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

const userOf = ({ user }: OutsideSpec): number => user ?? NOBODY;

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
    User: `${userOf(spec)}:${userOf(spec)}`,
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
  spec: OutsideSpec,
  signal: AbortSignal,
): Promise<void> {
  const container = await connection.call(signal, (docker, call) =>
    docker.createContainer({ ...options, ...call }),
  );
  const archive = pack();
  const owner = { uid: userOf(spec), gid: userOf(spec), mode: 0o400 };
  for (const [path, content] of Object.entries(spec.files))
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
