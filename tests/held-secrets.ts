import type { ObjectRef } from "../reconcilers/contract/resource-client.ts";
import type { SecretFacts, SecretSource } from "../reconcilers/contract/secret-source.ts";

/** A secret as its owner gave it; without `value` it is not in memory. */
export interface HeldSecret {
  readonly hosts: readonly string[];
  readonly key: string;
  readonly value?: string;
  readonly version?: string;
}

/** A SecretSource that a test fills, by the name of the Secret. */
export class HeldSecrets extends Map<string, HeldSecret> implements SecretSource {
  async facts({ name }: ObjectRef): Promise<SecretFacts | undefined> {
    const held = this.get(name);
    if (held === undefined) return undefined;
    const version = held.value === undefined ? undefined : (held.version ?? "1");
    return { hosts: held.hosts, keys: { [held.key]: { version } } };
  }

  async value({ name }: ObjectRef): Promise<{ value: string; version: string } | undefined> {
    const held = this.get(name);
    return held?.value === undefined ? undefined : { value: held.value, version: held.version ?? "1" };
  }
}
