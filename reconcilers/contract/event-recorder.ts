import type { ApiObject } from "../../crds/metadata.ts";
import type { Reason } from "../../crds/reasons.ts";

/** Tells people what happened to an object, as core v1 Events. */
export interface EventRecorder {
  /**
   * Records at most one Event per object, type, reason and message in a while:
   * repeats raise its count. Never throws; an Event that cannot be written is logged.
   */
  record(
    about: ApiObject,
    event: {
      readonly type: "Normal" | "Warning";
      readonly reason: Reason | string;
      readonly message: string;
    },
  ): void;
}
