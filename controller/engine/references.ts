import type { Agent } from "../../crds/agent.ts";
import type { BottleClass } from "../../crds/bottle-class.ts";
import type { Bottle } from "../../crds/bottle.ts";

/** Names of the nodes in the index of who depends on whom. */
export const nodes = {
  bottle: (namespace: string, name: string): string => `bottle/${namespace}/${name}`,
  bottleClass: (name: string): string => `class/${name}`,
  agent: (namespace: string, name: string): string => `agent/${namespace}/${name}`,
  secret: (namespace: string, name: string): string => `secret/${namespace}/${name}`,
  /** a Secret of this name in the namespace of whatever Bottle uses the class */
  secretName: (name: string): string => `secret-name/${name}`,
} as const;

/** Namespace and name of a Bottle's node; undefined for a node of another kind. */
export function bottleOf(node: string): { readonly namespace: string; readonly name: string } | undefined {
  const [kind, namespace, name] = node.split("/");
  if (kind !== "bottle" || namespace === undefined || name === undefined) return undefined;
  return { namespace, name };
}

/** What a Bottle is made from besides itself. */
export function usesOfBottle({ metadata, spec, status }: Bottle): string[] {
  const namespace = metadata.namespace ?? "default";
  return [
    ...(spec?.classRef === undefined ? [] : [nodes.bottleClass(spec.classRef.name)]),
    ...(spec?.agentRef === undefined ? [] : [nodes.agent(namespace, spec.agentRef.name)]),
    // a deploy key that waits for its token to be removed is in status alone
    ...secretNamesIn([spec, status?.git?.deployKeys]).map((name) => nodes.secret(namespace, name)),
  ];
}

/** What a class is made from besides itself. */
export function usesOfClass({ spec }: BottleClass): string[] {
  return [
    ...(spec?.extends === undefined ? [] : [nodes.bottleClass(spec.extends)]),
    ...secretNamesIn(spec).map(nodes.secretName),
  ];
}

/** What an Agent is made from besides itself. */
export function usesOfAgent({ spec }: Agent): string[] {
  return spec?.classRef === undefined ? [] : [nodes.bottleClass(spec.classRef.name)];
}

/** The Secrets that a spec names, wherever in it: by the API's convention those fields are `secretRef` and `credentialRef`. */
function secretNamesIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([field, inner]) => {
    const name = /^(secret|credential)Ref$/.test(field)
      ? (inner as { name?: unknown } | null)?.name
      : undefined;
    return typeof name === "string" ? [name] : secretNamesIn(inner);
  });
}
