import type { RuntimeCapabilities, SandboxRuntime } from "../contract/sandbox-runtime.ts";
import type { EffectiveBottle } from "./effective-bottle.ts";
import type { Obstacle } from "./obstacle.ts";

/** Why this runtime cannot give what the Bottle asks of it; the runtime is asked only when the Bottle asks for something. */
export async function runtimeObstacle(
  { spec, fields }: EffectiveBottle,
  runtime: SandboxRuntime,
  signal: AbortSignal,
): Promise<Obstacle | undefined> {
  const { name, runtimeClassName } = spec.runtime ?? {};
  if (name !== undefined && name !== runtime.name) {
    return stalled(
      "RuntimeNotServed",
      `runtime ${name} is asked for, and this controller serves ${runtime.name}`,
    );
  }
  const needsMicroVm = fields.isolation?.minimum === "microVm";
  if (!needsMicroVm && runtimeClassName === undefined) return undefined;
  return capabilityObstacle(await runtime.probe(signal), needsMicroVm, runtimeClassName);
}

function capabilityObstacle(
  { isolation, runtimeClasses }: RuntimeCapabilities,
  needsMicroVm: boolean,
  runtimeClassName: string | undefined,
): Obstacle | undefined {
  if (needsMicroVm && isolation !== "microVm") {
    return stalled(
      "IsolationUnavailable",
      `isolation microVm is asked for, and the runtime gives ${isolation}`,
    );
  }
  if (runtimeClassName === undefined || runtimeClasses.includes(runtimeClassName)) return undefined;
  const known = runtimeClasses.join(", ") || "none";
  return stalled(
    "RuntimeClassUnavailable",
    `the engine has no runtime class ${runtimeClassName}; it has: ${known}`,
  );
}

const stalled = (reason: Obstacle["reason"], message: string): Obstacle => ({
  reason,
  message,
  end: "stalled",
});
