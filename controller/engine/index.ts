/** The edge of the engine: what the rest of the controller may use of it. */
export { sleep, systemClock, type Clock } from "./clock.ts";
