import type { ApiResource } from "./resource.ts";

/** The resources of one server, by where they are served. */
export interface Registry {
  /** groups in order of first appearance, each with its version and resources */
  readonly groups: readonly ApiGroup[];
  find(group: string, version: string, plural: string): ApiResource | undefined;
}

/** A group in its one version. */
export interface ApiGroup {
  /** empty for the core group */
  readonly group: string;
  readonly version: string;
  readonly resources: readonly ApiResource[];
}

/** A registry of these resources, in their order. */
export function createRegistry(resources: readonly ApiResource[]): Registry {
  const groups = new Map<string, ApiGroup & { resources: ApiResource[] }>();
  for (const resource of resources) {
    const { group, version } = resource.definition;
    const key = `${group}/${version}`;
    const entry = groups.get(key) ?? { group, version, resources: [] };
    entry.resources.push(resource);
    groups.set(key, entry);
  }
  return {
    groups: [...groups.values()],
    find: (group, version, plural) =>
      groups.get(`${group}/${version}`)?.resources.find(({ definition }) => definition.plural === plural),
  };
}
