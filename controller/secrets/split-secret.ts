import type { Secret } from "../../crds/core.ts";
import { InvalidError } from "../../reconcilers/contract/errors.ts";
import type { Draft } from "../../reconcilers/contract/resource-client.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** A Secret as it was sent, taken apart. */
export interface SplitSecret {
  /** what may be stored: key names with empty values, without kubectl's copy of the whole */
  readonly object: Draft<Secret>;
  /** the values that were sent, decoded; a key with an empty value is not among them */
  readonly values: ReadonlyMap<string, Buffer>;
}

/**
 * Takes the values out of a Secret before anything is stored; `stringData` is
 * merged into `data` as Kubernetes does. Throws InvalidError, which names the
 * key and never a value, when a value is not base64.
 */
export function splitSecret(sent: Draft<Secret>): SplitSecret {
  const { stringData, data, ...rest } = sent as Draft<Secret> & { readonly stringData?: unknown };
  const texts = Object.entries(textsOf(stringData, "stringData"));
  const encoded = Object.entries(textsOf(data, "data"));
  const all = new Map([
    ...encoded.map(([key, value]) => [key, decoded(key, value)] as const),
    ...texts.map(([key, value]) => [key, Buffer.from(value)] as const),
  ]);
  const { [LAST_APPLIED]: _, ...annotations } = rest.metadata.annotations ?? {};
  const { annotations: __, ...metadata } = rest.metadata;
  return {
    object: {
      ...rest,
      metadata: Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata,
      ...(all.size > 0 ? { data: Object.fromEntries([...all.keys()].map((key) => [key, ""])) } : {}),
    } as Draft<Secret>,
    values: new Map([...all].filter(([, value]) => value.length > 0)),
  };
}

function textsOf(field: unknown, name: string): Record<string, string> {
  if (field === undefined || field === null) return {};
  if (typeof field !== "object" || Array.isArray(field))
    throw new InvalidError(`${name}: must be a map of strings`);
  for (const [key, value] of Object.entries(field)) {
    if (typeof value !== "string") throw new InvalidError(`${name}.${key}: must be a string`);
  }
  return field as Record<string, string>;
}

function decoded(key: string, value: string): Buffer {
  const text = value.replaceAll(/\s/g, "");
  if (!BASE64.test(text) || text.length % 4 !== 0) throw new InvalidError(`data.${key}: must be base64`);
  return Buffer.from(text, "base64");
}
