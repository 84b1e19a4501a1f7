import type { ObjectRef } from "./resource-client.ts";

/** A Secret as far as a reconciler may know it without touching a value. */
export interface SecretFacts {
  /** destinations that the owner bound it to: `host` or `host:port` */
  readonly hosts: readonly string[];
  readonly keys: Readonly<Record<string, SecretKeyFacts>>;
}

export interface SecretKeyFacts {
  /** changes with the value; undefined when no value is in memory */
  readonly version: string | undefined;
  /** sentence for people: why a configured file or command gave no value */
  readonly problem?: string | undefined;
  /** the value was good for a time that is over, and there is no new one */
  readonly isExpired?: boolean;
}

/** Where secret values come from. Values are read only to be sent to the sidecars. */
export interface SecretSource {
  /** undefined when the Secret does not exist */
  facts(ref: ObjectRef, signal: AbortSignal): Promise<SecretFacts | undefined>;
  /** undefined when no value is held; never logged, never put in an error */
  value(
    ref: ObjectRef,
    key: string,
    signal: AbortSignal,
  ): Promise<{ readonly value: string; readonly version: string } | undefined>;
}
