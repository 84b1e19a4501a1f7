import type { ApiGroup, Registry } from "./registry.ts";
import { apiVersionOf, type ApiResource, type Subresource } from "./resource.ts";

const AGGREGATED_VERSIONS = ["v2", "v2beta1"] as const;
type AggregatedVersion = (typeof AGGREGATED_VERSIONS)[number];

/** The first aggregated form that the client takes; undefined when it asks for the plain lists. */
export function aggregatedVersionOf(accept: string): AggregatedVersion | undefined {
  const accepted = accept.split(",").filter((type) => type.includes("as=APIGroupDiscoveryList"));
  for (const type of accepted) {
    const found = AGGREGATED_VERSIONS.find((version) => type.includes(`;v=${version};`));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** kubectl compares the content type of the answer with the form it asked for. */
export const aggregatedMediaType = (version: AggregatedVersion): string =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

/** `/api` (core) or `/apis` (the others) in one answer. */
export function aggregatedDiscovery(
  registry: Registry,
  root: "api" | "apis",
  version: AggregatedVersion,
): object {
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groupsOf(registry, root).map((group) => ({
      metadata: { name: group.group, creationTimestamp: null },
      versions: [
        {
          version: group.version,
          freshness: "Current",
          resources: group.resources.map((each) => discovered(each, group)),
        },
      ],
    })),
  };
}

/** `/api` in its old form. */
export const legacyVersions = (registry: Registry): object => ({
  kind: "APIVersions",
  versions: groupsOf(registry, "api").map(({ version }) => version),
  serverAddressByClientCIDRs: [],
});

/** `/apis` in its old form. */
export const legacyGroupList = (registry: Registry): object => ({
  kind: "APIGroupList",
  apiVersion: "v1",
  groups: groupsOf(registry, "apis").map(groupEntry),
});

/** `/apis/GROUP`; undefined when there is no such group. */
export function legacyGroup(registry: Registry, name: string): object | undefined {
  const found = groupsOf(registry, "apis").find(({ group }) => group === name);
  return found === undefined ? undefined : { kind: "APIGroup", apiVersion: "v1", ...groupEntry(found) };
}

/** `/api/v1` or `/apis/GROUP/VERSION`; undefined when there is no such version. */
export function resourceList(registry: Registry, group: string, version: string): object | undefined {
  const found = registry.groups.find((each) => each.group === group && each.version === version);
  if (found === undefined) return undefined;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: apiVersionOf(found),
    resources: found.resources.flatMap((resource) => [
      listed(resource),
      ...resource.subresources.map((each) => listedSubresource(resource, each)),
    ]),
  };
}

const groupsOf = (registry: Registry, root: "api" | "apis"): readonly ApiGroup[] =>
  registry.groups.filter(({ group }) => (group === "") === (root === "api"));

function groupEntry(group: ApiGroup): object {
  const version = { groupVersion: apiVersionOf(group), version: group.version };
  return { name: group.group, versions: [version], preferredVersion: version };
}

function discovered({ definition, verbs, subresources }: ApiResource, { group, version }: ApiGroup): object {
  return {
    resource: definition.plural,
    responseKind: { group, version, kind: definition.kind },
    scope: definition.namespaced ? "Namespaced" : "Cluster",
    singularResource: definition.singular,
    verbs,
    ...(definition.shortNames.length > 0 ? { shortNames: definition.shortNames } : {}),
    ...(definition.categories.length > 0 ? { categories: definition.categories } : {}),
    ...(subresources.length > 0
      ? {
          subresources: subresources.map((each) => ({
            subresource: each.name,
            responseKind: { group, version, kind: each.kind ?? definition.kind },
            verbs: each.verbs,
          })),
        }
      : {}),
  };
}

const listed = ({ definition, verbs }: ApiResource): object => ({
  name: definition.plural,
  singularName: definition.singular,
  namespaced: definition.namespaced,
  kind: definition.kind,
  verbs,
  ...(definition.shortNames.length > 0 ? { shortNames: definition.shortNames } : {}),
  ...(definition.categories.length > 0 ? { categories: definition.categories } : {}),
});

const listedSubresource = ({ definition }: ApiResource, { name, kind, verbs }: Subresource): object => ({
  name: `${definition.plural}/${name}`,
  singularName: "",
  namespaced: definition.namespaced,
  kind: kind ?? definition.kind,
  verbs,
});
