/** The edge of the engine: what the rest of the controller may use of it. */
export { anyShare } from "./backoff.ts";
export { createBottleController } from "./bottle-controller.ts";
export { sleep, systemClock, type Clock } from "./clock.ts";
export { createEventRecorder } from "./event-recorder.ts";
export { createLogDestination, createLogger, type Logger } from "./logger.ts";
