import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { selectRuntime, type LocalRuntime } from "../../local-runtime/select-runtime.ts";
import type { RuntimeInventory } from "../../reconcilers/contract/sandbox-runtime.ts";
import { readInstance } from "../instance.ts";
import { STATE_FILES } from "../state-folder.ts";
import type { ApiClient } from "./api/api-client.ts";
import { pathOf, resolveResource, type Resource } from "./api/discovery.ts";
import type { KubeList, KubeObject } from "./api/objects.ts";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./context.ts";
import { limitedBy } from "./options.ts";
import { confirm } from "./output/confirm.ts";
import { startProgress } from "./output/progress.ts";
import { print, say } from "./output/terminal.ts";
import { untilDeleted } from "./until.ts";

export interface CleanUpOptions {
  readonly all?: true;
  readonly yes?: true;
  readonly dryRun?: true;
  readonly timeout: number;
}

interface Leftovers {
  /** to be deleted through the API */
  readonly bottles: readonly KubeObject[];
  readonly inventory: RuntimeInventory;
  /** what all bottles shared, once there are none: their way out */
  readonly shared: readonly string[];
  readonly files: readonly string[];
}

/** Says what this instance has left over, asks, and removes it. */
export async function cleanUp(context: CommandContext, options: CleanUpOptions): Promise<void> {
  const instance = readInstance(context.config.stateDir);
  if (instance === undefined)
    return say(context.terminal, `nothing was ever made by ${context.config.stateDir}`);
  const machine = await selectRuntime({ ...context.config, instance });
  try {
    const client = await context.connect();
    const bottleResource = await resolveResource(client, "bottles");
    const { items } = await client.call<KubeList>(pathOf(bottleResource, {}));
    const leftovers = await find(context, machine, { bottles: items, all: options.all === true });
    const lines = describe(leftovers);
    if (lines.length === 0) say(context.terminal, "nothing is left over");
    else await removeAsked(context, { machine, client, bottleResource, leftovers, lines, options });
  } finally {
    await machine.close();
  }
}

interface Removal {
  readonly machine: LocalRuntime;
  readonly client: ApiClient;
  readonly bottleResource: Resource;
  readonly leftovers: Leftovers;
  readonly lines: readonly string[];
  readonly options: CleanUpOptions;
}

async function removeAsked(context: CommandContext, removal: Removal): Promise<void> {
  const { terminal, signal } = context;
  const { leftovers, lines, options } = removal;
  say(terminal, options.dryRun === true ? "would remove:" : "will remove:");
  for (const line of lines) print(terminal, `  ${line}\n`);
  if (options.dryRun === true) return;
  if (options.yes !== true && !(await confirm(terminal, "remove all of this?", signal))) {
    throw new CliError("nothing was removed");
  }
  const progress = startProgress(terminal, "removing");
  try {
    await deleteBottles(context, removal, (name) => progress.step(`deleting bottle ${name}`));
    await removeParts(removal.machine, leftovers.inventory, signal);
    if (leftovers.shared.length > 0) await removal.machine.removeShared(signal);
    for (const file of leftovers.files) rmSync(file, { force: true });
  } finally {
    progress.done();
  }
  say(terminal, "removed");
}

async function find(
  { config, signal }: CommandContext,
  machine: LocalRuntime,
  about: { readonly bottles: readonly KubeObject[]; readonly all: boolean },
): Promise<Leftovers> {
  const kept = about.all ? [] : about.bottles;
  const uids = new Set(about.bottles.map(({ metadata }) => metadata.uid));
  const keptUids = new Set(kept.map(({ metadata }) => metadata.uid));
  const { sandboxes, volumes } = await machine.runtime.list(signal);
  return {
    bottles: about.all ? about.bottles : [],
    inventory: {
      sandboxes: sandboxes.filter(({ owner }) => !uids.has(owner.uid)),
      volumes: volumes.filter(({ owner }) => !uids.has(owner.uid)),
    },
    shared: kept.length > 0 ? [] : await sharedBy(machine, signal),
    files: [
      ...filesIn(config.stateDir, STATE_FILES.certificateAuthorities, (name) =>
        keptUids.has(name.split(".")[0]),
      ),
      ...filesIn(config.stateDir, STATE_FILES.audit, (name) =>
        kept.some((bottle) => isAuditOf(bottle, name)),
      ),
    ],
  };
}

async function sharedBy(machine: LocalRuntime, signal: AbortSignal): Promise<string[]> {
  return (await machine.remains(signal)).filter((name) => name.startsWith("network "));
}

function isAuditOf({ metadata }: KubeObject, file: string): boolean {
  return file.startsWith(`${metadata.namespace ?? "default"}_${metadata.name}.ndjson`);
}

function filesIn(stateDir: string, folder: string, isKept: (name: string) => boolean): string[] {
  const path = join(stateDir, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => !isKept(name))
    .map((name) => join(path, name));
}

function describe({ bottles, inventory, shared, files }: Leftovers): string[] {
  return [
    ...bottles.map(
      ({ metadata }) => `bottle ${metadata.namespace ?? "default"}/${metadata.name} with its home`,
    ),
    ...inventory.sandboxes.map(
      ({ name, owner, role }) => `container ${name} (${role} of ${owner.name}, which is gone)`,
    ),
    ...inventory.volumes.map(
      ({ name, owner, role }) => `volume ${name} (${role} of ${owner.name}, which is gone)`,
    ),
    ...shared.map((name) => `${name}, which no bottle uses any more`),
    ...files.map((file) => `file ${file}`),
  ];
}

async function deleteBottles(
  context: CommandContext,
  { client, bottleResource, leftovers, options }: Removal,
  onStep: (name: string) => void,
): Promise<void> {
  const signal = limitedBy(context.signal, options.timeout);
  const awaited = leftovers.bottles.map(({ metadata }) => ({
    resource: bottleResource,
    namespace: metadata.namespace ?? "default",
    name: metadata.name,
  }));
  for (const each of awaited) await client.call(pathOf(bottleResource, each), { method: "DELETE" });
  for (const each of awaited) {
    onStep(each.name);
    await untilDeleted(client, each, signal);
  }
}

/** Removes sandboxes and volumes. Agents first: the one that holds a namespace must not go before the one that lives in it. */
export async function removeParts(
  machine: LocalRuntime,
  { sandboxes, volumes }: RuntimeInventory,
  signal: AbortSignal,
): Promise<void> {
  const agentsFirst = sandboxes.toSorted((a, b) => Number(b.role === "agent") - Number(a.role === "agent"));
  for (const { name } of agentsFirst) await machine.runtime.remove(name, signal);
  for (const { name } of volumes) await machine.runtime.removeVolume(name, signal);
}
