import { usageError } from "../cli-error.ts";
import type { ApiClient } from "./api-client.ts";

/** One kind, as the server says it is called. */
export interface Resource {
  /** empty for the core group */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

interface DiscoveryList {
  readonly items: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions: readonly {
      readonly version: string;
      readonly resources: readonly {
        readonly resource: string;
        readonly responseKind?: { readonly kind?: string };
        readonly scope: "Namespaced" | "Cluster";
        readonly singularResource?: string;
        readonly shortNames?: readonly string[];
        readonly categories?: readonly string[];
        readonly verbs?: readonly string[];
      }[];
    }[];
  }[];
}

const ACCEPT = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

/** Every kind that the server has, our own group first. */
export async function discover(client: ApiClient): Promise<Resource[]> {
  const [core, groups] = await Promise.all([
    client.call<DiscoveryList>("/api", { accept: ACCEPT }),
    client.call<DiscoveryList>("/apis", { accept: ACCEPT }),
  ]);
  return [...resourcesOf(groups), ...resourcesOf(core)];
}

/** The kinds that a person's word names: a plural, singular or short name, a kind, a category, or several with commas. */
export async function resolveResources(client: ApiClient, words: string): Promise<Resource[]> {
  const known = await discover(client);
  const found: Resource[] = [];
  for (const word of words.split(",")) found.push(...(await matching(known, word.trim())));
  return [...new Set(found)];
}

/** The one kind that a word names. */
export async function resolveResource(client: ApiClient, word: string): Promise<Resource> {
  const [found, other] = await resolveResources(client, word);
  if (found === undefined || other !== undefined) {
    throw usageError(`"${word}" names several kinds where one is needed`, "name one kind, such as bottle");
  }
  return found;
}

/** The kind of an object in a file; undefined when the server has none such. */
export function resourceOf(
  known: readonly Resource[],
  object: { readonly apiVersion: string; readonly kind: string },
): Resource | undefined {
  return known.find((each) => each.kind === object.kind && apiVersionOf(each) === object.apiVersion);
}

/** `v1`, or `bot-bottle.dev/v1alpha1`. */
export function apiVersionOf(resource: Resource): string {
  return resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
}

/** Where objects of a kind are, or one of them. */
export function pathOf(
  resource: Resource,
  where: { readonly namespace?: string | undefined; readonly name?: string | undefined },
): string {
  const root = resource.group === "" ? `/api/${resource.version}` : `/apis/${apiVersionOf(resource)}`;
  const within =
    resource.namespaced && where.namespace !== undefined
      ? `/namespaces/${encodeURIComponent(where.namespace)}`
      : "";
  const which = where.name === undefined ? "" : `/${encodeURIComponent(where.name)}`;
  return `${root}${within}/${resource.plural}${which}`;
}

function resourcesOf(list: DiscoveryList): Resource[] {
  return list.items.flatMap((group) =>
    group.versions.flatMap(({ version, resources }) =>
      resources.map((each) => ({
        group: group.metadata?.name ?? "",
        version,
        kind: each.responseKind?.kind ?? each.resource,
        plural: each.resource,
        singular: each.singularResource ?? "",
        shortNames: each.shortNames ?? [],
        categories: each.categories ?? [],
        namespaced: each.scope === "Namespaced",
        verbs: each.verbs ?? [],
      })),
    ),
  );
}

async function matching(known: readonly Resource[], word: string): Promise<Resource[]> {
  const lower = word.toLowerCase();
  const [plain, ...group] = lower.split(".");
  const named = known.find(
    (each) =>
      [each.plural, each.singular, each.kind.toLowerCase(), ...each.shortNames].includes(plain ?? "") &&
      each.group.startsWith(group.join(".")),
  );
  if (named !== undefined) return [named];
  const inCategory = known.filter(({ categories }) => categories.includes(lower));
  if (inCategory.length > 0) return inCategory;
  throw usageError(`there is no kind "${word}"`, await hintFor(known, lower));
}

async function hintFor(known: readonly Resource[], word: string): Promise<string> {
  const { closest, distance } = await import("fastest-levenshtein");
  const names = known.flatMap(({ plural, singular, shortNames }) => [plural, singular, ...shortNames]);
  const nearest = word === "" || names.length === 0 ? undefined : closest(word, names.filter(Boolean));
  const plurals = known.map(({ plural }) => plural).join(", ");
  return nearest !== undefined && distance(word, nearest) <= 3
    ? `did you mean "${nearest}"? The kinds are: ${plurals}`
    : `name a kind, as in bottle/${word}; the kinds are: ${plurals}`;
}
