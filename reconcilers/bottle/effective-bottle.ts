import type { Agent } from "../../crds/agent.ts";
import type { Bottle, BottleSpec } from "../../crds/bottle.ts";
import type { ClassFields } from "../../crds/class-fields.ts";
import { type ClassChain, classNameOf, effectiveSpec, resolveClassChain } from "../../crds/merge.ts";
import type { ApiObject } from "../../crds/metadata.ts";
import { agents, bottleClasses, bottles, type ResourceDefinition } from "../../crds/resources.ts";
import { describeErrors, validate } from "../../crds/validation.ts";
import type { ResourceClient } from "../contract/resource-client.ts";
import { DEFAULT_PROVIDER, type Provider, providerNamed } from "../providers/index.ts";
import { type Found, found, stalledBy } from "./obstacle.ts";

/** What a Bottle asks for once its class, its Agent and its provider are taken into account. */
export interface EffectiveBottle {
  readonly fields: ClassFields;
  readonly spec: BottleSpec;
  readonly provider: Provider;
  /** system prompt; empty when there is none */
  readonly prompt: string;
}

/** Reads what the Bottle names and lays it all together. */
export async function readEffectiveBottle(
  bottle: Bottle,
  client: ResourceClient,
  signal: AbortSignal,
): Promise<Found<EffectiveBottle>> {
  const invalid = invalidity(bottles, bottle);
  if (invalid !== undefined) return invalid;
  const spec = bottle.spec ?? {};
  const agent = await readAgent(bottle, spec, client, signal);
  if (agent.kind === "obstacle") return agent;
  const chain = await readClassChain(classNameOf(spec, agent.value?.spec), client, signal);
  if (chain.kind === "broken") return stalledBy(chain.reason, chain.message);
  const invalidClass = chain.classes
    .map((of) => invalidity(bottleClasses, of))
    .find((broken) => broken !== undefined);
  if (invalidClass !== undefined) return invalidClass;
  return lay(bottle, spec, agent.value, chain);
}

function lay(
  { metadata: { name } }: Bottle,
  spec: BottleSpec,
  agent: Agent | undefined,
  chain: Extract<ClassChain, { kind: "found" }>,
): Found<EffectiveBottle> {
  const { fields } = effectiveSpec({
    bottle: { name, spec },
    classChain: chain.classes,
    agent: agent === undefined ? undefined : { name: agent.metadata.name, spec: agent.spec ?? {} },
  });
  const provider = fields.provider === undefined ? DEFAULT_PROVIDER : providerNamed(fields.provider.name);
  if (provider === undefined) {
    return stalledBy("ProviderUnknown", `there is no provider ${fields.provider?.name}`);
  }
  return found({ fields, spec, provider, prompt: agent?.spec?.prompt ?? "" });
}

async function readAgent(
  { metadata: { namespace } }: Bottle,
  { agentRef }: BottleSpec,
  client: ResourceClient,
  signal: AbortSignal,
): Promise<Found<Agent | undefined>> {
  if (agentRef === undefined) return found(undefined);
  const agent = await client.get(agents, { namespace, name: agentRef.name }, signal);
  if (agent === undefined) {
    return stalledBy(
      "AgentNotFound",
      `Agent ${agentRef.name} does not exist in namespace ${namespace}: create it`,
    );
  }
  return invalidity(agents, agent) ?? found(agent);
}

async function readClassChain(
  name: string | undefined,
  client: ResourceClient,
  signal: AbortSignal,
): Promise<ClassChain> {
  if (name === undefined) return { kind: "found", classes: [] };
  const { items } = await client.list(bottleClasses, {}, signal);
  const byName = new Map(items.map((item) => [item.metadata.name, item]));
  return resolveClassChain(name, (wanted) => byName.get(wanted));
}

/** A cluster's API server cannot check everything that ours does: what it let through is found here. */
function invalidity<T extends ApiObject>(of: ResourceDefinition<T>, object: T): Found<never> | undefined {
  const errors = validate(of, object);
  return errors.length === 0
    ? undefined
    : stalledBy("SpecInvalid", `${of.kind} ${object.metadata.name}: ${describeErrors(errors)}`);
}
