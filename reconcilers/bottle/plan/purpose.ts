import type { Bottle } from "../../../crds/bottle.ts";

/** Held until everything of the bottle is gone. */
export const FINALIZER = "bot-bottle.dev/sandboxes";

/** What a Bottle asks for, by itself and the time alone. */
export type Purpose =
  | {
      readonly kind: "run";
      /** undefined: no moment at which this changes */ readonly untilMs: number | undefined;
    }
  | {
      readonly kind: "suspend";
      readonly reason: "AskedToSuspend" | "ShutdownTimeReached";
      readonly untilMs: number | undefined;
    }
  /** its time after the end is over: the Bottle itself goes */
  | { readonly kind: "expire" }
  | { readonly kind: "delete" };

/** Pure. Deletion comes before time, and time before what is asked. */
export function purposeOf({ metadata, spec }: Bottle, now: Date): Purpose {
  if (metadata.deletionTimestamp !== undefined) return { kind: "delete" };
  const { shutdownTime, ttlSecondsAfterFinished } = spec?.lifecycle ?? {};
  const shutdownInMs = shutdownTime === undefined ? undefined : Date.parse(shutdownTime) - now.getTime();
  if (shutdownInMs !== undefined && shutdownInMs <= 0)
    return afterShutdown(shutdownInMs, ttlSecondsAfterFinished);
  return spec?.operatingMode === "Suspended"
    ? { kind: "suspend", reason: "AskedToSuspend", untilMs: shutdownInMs }
    : { kind: "run", untilMs: shutdownInMs };
}

function afterShutdown(shutdownInMs: number, ttlSeconds: number | undefined): Purpose {
  const untilMs = ttlSeconds === undefined ? undefined : shutdownInMs + ttlSeconds * 1_000;
  return untilMs !== undefined && untilMs <= 0
    ? { kind: "expire" }
    : { kind: "suspend", reason: "ShutdownTimeReached", untilMs };
}
