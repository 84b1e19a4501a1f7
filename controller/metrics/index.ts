/** Counters of what bottles do: what the rest of the controller may use of it. */
export { BottleMetrics } from "./bottle-metrics.ts";
