import type { Reason } from "../../crds/reasons.ts";

/** Why a part of the wanted state is not known, or must not be brought about now. */
export interface Obstacle {
  readonly reason: Reason;
  /** for people */
  readonly message: string;
  /** stalled: only a change of an object can help; otherwise the time after which to look again */
  readonly end: "stalled" | { readonly waitMs: number };
}

/** A value, or the obstacle in its way. */
export type Found<T> =
  { readonly kind: "found"; readonly value: T } | { readonly kind: "obstacle"; readonly obstacle: Obstacle };

export const found = <T>(value: T): Found<T> => ({ kind: "found", value });

export const stalledBy = (reason: Reason, message: string): Found<never> => ({
  kind: "obstacle",
  obstacle: { reason, message, end: "stalled" },
});
