import { createHash } from "node:crypto";
import type { SandboxRole, VolumeRole } from "../contract/sandbox-runtime.ts";

/** Label keys on everything that belongs to a bottle, on every runtime. */
export const LABELS = {
  /** random, in the state folder: marks what is ours to touch */
  instance: "bot-bottle.dev/instance",
  uid: "bot-bottle.dev/uid",
  namespace: "bot-bottle.dev/namespace",
  name: "bot-bottle.dev/name",
  role: "bot-bottle.dev/role",
  specHash: "bot-bottle.dev/spec-hash",
} as const;

/** Name of a sandbox of a bottle: follows from the uid alone, so a restart finds it again. */
export const sandboxName = (uid: string, role: SandboxRole): string => `bb-${uid}-${role}`;

/** Name of a volume of a bottle. */
export const volumeName = (uid: string, role: VolumeRole): string => `bb-${uid}-${role}`;

/** SHA-256 of a value's JSON with sorted keys, the first 16 bytes in hexadecimal: equal values have equal hashes. */
export function hashOf(value: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(value)) ?? "")
    .digest("hex")
    .slice(0, 32);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, field]) => [key, sorted(field)]),
  );
}
