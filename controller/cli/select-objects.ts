import type { ApiClient } from "./api/api-client.ts";
import { discover, pathOf, resourceOf } from "./api/discovery.ts";
import type { KubeList } from "./api/objects.ts";
import { CliError, usageError } from "./cli-error.ts";
import type { CommandContext } from "./context.ts";
import { parseManifest } from "./manifests/documents.ts";
import { readSources } from "./manifests/sources.ts";
import { parseTargets, type Target } from "./targets.ts";

/** Which objects a command is about, as kubectl lets people say it. */
export interface Selection {
  /** `KIND NAME…`, `KIND/NAME…`, or a kind alone with a selector or `all` */
  readonly words: readonly string[];
  readonly namespace: string;
  readonly filename?: readonly string[];
  readonly selector?: string;
  readonly all?: true;
}

export type NamedObject = Target & { readonly name: string; readonly namespace: string };

/** Throws a usage error for a kind alone, when neither a selector nor `all` says which objects of it. */
export async function selectObjects(
  context: CommandContext,
  client: ApiClient,
  selection: Selection,
): Promise<NamedObject[]> {
  if (selection.filename !== undefined) return inFiles(context, client, selection);
  const targets = await parseTargets(client, selection.words);
  const named = await Promise.all(targets.map((target) => expand(client, target, selection)));
  return named.flat();
}

async function expand(
  client: ApiClient,
  target: Target,
  { namespace, selector, all }: Selection,
): Promise<NamedObject[]> {
  if (target.name !== undefined) return [{ ...target, name: target.name, namespace }];
  if (all !== true && selector === undefined) {
    const { singular } = target.resource;
    throw usageError(`which ${singular}?`, `${singular}/NAME, -l SELECTOR, or --all for every one`);
  }
  const query = selector === undefined ? "" : `?${new URLSearchParams({ labelSelector: selector })}`;
  const list = await client.call<KubeList>(`${pathOf(target.resource, { namespace })}${query}`);
  return list.items.map(({ metadata }) => ({ ...target, name: metadata.name, namespace }));
}

async function inFiles(
  context: CommandContext,
  client: ApiClient,
  { filename = [], namespace }: Selection,
): Promise<NamedObject[]> {
  const sources = await readSources(filename, context.terminal.stdin);
  const documents = (await Promise.all(sources.map(parseManifest))).flat();
  const known = await discover(client);
  return documents.map(({ object, locate }) => {
    const resource = resourceOf(known, object);
    if (resource === undefined)
      throw new CliError(`${locate("kind")}: there is no ${object.kind} in ${object.apiVersion}`);
    return { resource, name: object.metadata.name, namespace: object.metadata.namespace ?? namespace };
  });
}
