import type { ApiClient } from "./api/api-client.ts";
import { resolveResource, resolveResources, type Resource } from "./api/discovery.ts";
import { usageError } from "./cli-error.ts";

/** Objects that a command line names: all of a kind when there is no name. */
export interface Target {
  readonly resource: Resource;
  readonly name?: string | undefined;
}

/** `bottles`, `bottle,agent`, `bottle a b` or `bottle/a agent/b`, as kubectl reads them. Throws a usage error. */
export async function parseTargets(client: ApiClient, words: readonly string[]): Promise<Target[]> {
  const [first, ...rest] = words;
  if (first === undefined) throw usageError("name a kind, such as bottles", "bb get bottles");
  if (words.some((word) => word.includes("/"))) return parsePairs(client, words);
  const resources = await resolveResources(client, first);
  if (rest.length === 0) return resources.map((resource) => ({ resource }));
  return resources.flatMap((resource) => rest.map((name) => ({ resource, name })));
}

/** The same, where every object must be named. */
export async function parseNamedTargets(
  client: ApiClient,
  words: readonly string[],
): Promise<(Target & { readonly name: string })[]> {
  const targets = await parseTargets(client, words);
  return targets.map(({ resource, name }) => {
    if (name === undefined) {
      throw usageError(
        `name one: ${resource.singular}/NAME`,
        `bb get ${resource.plural} shows what there is`,
      );
    }
    return { resource, name };
  });
}

/** The name of a bottle from `NAME`, `bottle/NAME` or `pod/NAME`. */
export function bottleName(word: string): string {
  return word.replace(/^(bottles?|btl|pods?)\//, "");
}

/** How an object is called in what is printed: `bottle.bot-bottle.dev/hello`. */
export function qualifiedName(resource: Resource, name: string): string {
  return `${resource.singular}${resource.group === "" ? "" : `.${resource.group}`}/${name}`;
}

async function parsePairs(client: ApiClient, words: readonly string[]): Promise<Target[]> {
  const targets: Target[] = [];
  for (const word of words) {
    const [kind, name, ...more] = word.split("/");
    if (!kind || !name || more.length > 0) {
      throw usageError(`"${word}" is not KIND/NAME`, "name all objects in one way: KIND NAME… or KIND/NAME…");
    }
    targets.push({ resource: await resolveResource(client, kind), name });
  }
  return targets;
}
