import type { Provider } from "./provider.ts";

/** A bare image with a shell: no CLI, no routes, no files. */
export const none: Provider = {
  name: "none",
  argv: { base: ["/bin/sh"], resume: [], resumeSession: [], run: ["-c"], json: [] },
  environment: () => ({}),
  homeFiles: () => [],
  routes: [],
  checks: [],
};
