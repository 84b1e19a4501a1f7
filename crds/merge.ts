import type { AgentSpec } from "./agent.ts";
import type { BottleClass } from "./bottle-class.ts";
import type { BottleSpec } from "./bottle.ts";
import { ClassFields } from "./class-fields.ts";
import { type Layer, type Origins, layerOf, NOTHING, overlay } from "./merge/overlay.ts";

export { type ClassChain, resolveClassChain } from "./merge/class-chain.ts";

/** What a bottle is given in the end, and who said so. */
export interface EffectiveSpec {
  readonly fields: ClassFields;
  readonly origins: Origins;
}

/** A Bottle with what it names; `classChain` starts at the root, as `resolveClassChain` gives it. */
export interface SpecSources {
  readonly bottle: { readonly name: string; readonly spec: BottleSpec };
  readonly classChain: readonly BottleClass[];
  readonly agent?: { readonly name: string; readonly spec: AgentSpec } | undefined;
}

/**
 * What is in force for a Bottle: its classes from the root down, then its Agent's git author, then its own fields, each
 * laid over what came before (docs/spec/merging.md). Pure; the result shares objects with its sources.
 */
export function effectiveSpec({ bottle, classChain, agent }: SpecSources): EffectiveSpec {
  const layers: Layer[] = [
    ...classChain.map(({ metadata, spec }) =>
      layerOf({ kind: "BottleClass", name: metadata.name }, classFieldsOf(spec ?? {})),
    ),
    ...(agent?.spec.git === undefined
      ? []
      : [layerOf({ kind: "Agent", name: agent.name }, { git: userAlone(agent.spec.git) })]),
    layerOf({ kind: "Bottle", name: bottle.name }, classFieldsOf(bottle.spec)),
  ];
  const { fields, origins } = layers.reduce(overlay, NOTHING);
  return { fields, origins };
}

/** Name of the BottleClass under a Bottle: its own classRef beats its Agent's; undefined when neither has one. */
export function classNameOf(bottle: BottleSpec, agent: AgentSpec | undefined): string | undefined {
  return bottle.classRef?.name ?? agent?.classRef?.name;
}

/** an Agent that a cluster let through with more gets no more */
const userAlone = ({ user }: NonNullable<AgentSpec["git"]>) => (user === undefined ? {} : { user });

function classFieldsOf(spec: ClassFields): ClassFields {
  const names = Object.keys(ClassFields.shape) as (keyof ClassFields)[];
  return Object.fromEntries(
    names.flatMap((name) => (spec[name] === undefined ? [] : [[name, spec[name]]])),
  ) as ClassFields;
}
