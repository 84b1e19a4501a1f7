import type { KubeObject } from "./objects.ts";

/** A core v1 Event, as far as `bb` shows it. */
export interface KubeEvent extends KubeObject {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count?: number;
  readonly firstTimestamp?: string;
  readonly lastTimestamp?: string;
  readonly involvedObject: { readonly kind: string; readonly name: string };
}

export interface EventList {
  readonly metadata: { readonly resourceVersion?: string };
  readonly items: readonly KubeEvent[];
}

/** When an event was seen last, RFC 3339. */
export function lastSeen(event: KubeEvent): string {
  return event.lastTimestamp ?? event.firstTimestamp ?? event.metadata.creationTimestamp ?? "";
}
