import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "../api/objects.ts";

/** Where kubectl, too, keeps what was last applied, so that both see which fields a file no longer has. */
export const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** The object as it is sent when it is made: with the note of what was applied. */
export function withLastApplied(object: KubeObject): KubeObject {
  if (object.kind === "Secret") return object; // the note would hold the values
  const annotations = { ...object.metadata.annotations };
  delete annotations[LAST_APPLIED];
  const plain = { ...object, metadata: { ...object.metadata, annotations } };
  return {
    ...object,
    metadata: {
      ...object.metadata,
      annotations: { ...annotations, [LAST_APPLIED]: `${JSON.stringify(plain)}\n` },
    },
  };
}

/**
 * The merge patch (RFC 7386) that brings `live` to `wanted`: changes what differs, and removes what was applied
 * before and is no longer wanted. What others added stays. undefined when there is nothing to change.
 */
export function applyPatch(live: KubeObject, wanted: KubeObject): object | undefined {
  const before = lastApplied(live);
  const patch = difference(live, withLastApplied(wanted), before);
  if (patch === undefined) return undefined;
  const onlyNote = isDeepStrictEqual(Object.keys(patch), ["metadata"]) && isNoteAlone(patch.metadata);
  return onlyNote && isDeepStrictEqual(before, lastApplied(withLastApplied(wanted))) ? undefined : patch;
}

function isNoteAlone(metadata: unknown): boolean {
  const { annotations, ...others } = metadata as { annotations?: object };
  return (
    Object.keys(others).length === 0 && isDeepStrictEqual(Object.keys(annotations ?? {}), [LAST_APPLIED])
  );
}

function lastApplied(object: KubeObject): Record<string, unknown> {
  const note = object.metadata.annotations?.[LAST_APPLIED];
  if (note === undefined) return {};
  try {
    return JSON.parse(note) as Record<string, unknown>;
  } catch {
    return {}; // a note that somebody spoiled says nothing of what was applied
  }
}

type Fields = Readonly<Record<string, unknown>>;

function difference(live: unknown, wanted: object, before: unknown): Record<string, unknown> | undefined {
  const has = fieldsOf(live);
  const had = fieldsOf(before);
  const patch: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(wanted)) {
    const change =
      isFields(value) && isFields(has[key])
        ? difference(has[key], value, had[key])
        : changeOf(has[key], value);
    if (change !== undefined) patch[key] = change;
  }
  for (const key of Object.keys(had)) {
    if (!(key in wanted) && key in has) patch[key] = null;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function changeOf(live: unknown, wanted: unknown): unknown {
  return isDeepStrictEqual(live, wanted) ? undefined : wanted;
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
