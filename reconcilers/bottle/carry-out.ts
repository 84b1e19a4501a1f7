import type { Bottle } from "../../crds/bottle.ts";
import { bottles } from "../../crds/resources.ts";
import type { CertificateAuthorities } from "../contract/certificate-authorities.ts";
import { DeployKeyError } from "../contract/deploy-keys.ts";
import { SandboxNotFoundError } from "../contract/errors.ts";
import type { Pass } from "../contract/reconciler.ts";
import type { ResourceClient } from "../contract/resource-client.ts";
import type { SandboxExec } from "../contract/sandbox-exec.ts";
import type { SandboxRuntime } from "../contract/sandbox-runtime.ts";
import type { DeployKeyring } from "./git/deploy-keyring.ts";
import type { LinkCheck } from "./link-check.ts";
import { FINALIZER } from "./plan/purpose.ts";
import type { Step, Work } from "./plan/steps.ts";
import type { PolicyDelivery } from "./policy-delivery.ts";
import { refreshHome } from "./refresh-home.ts";
import { SidecarsRefusedError, SidecarsSilentError } from "./sidecar-session.ts";

export interface CarryOutDependencies {
  readonly client: ResourceClient;
  readonly runtime: SandboxRuntime;
  readonly delivery: PolicyDelivery;
  readonly link: LinkCheck;
  readonly authorities: CertificateAuthorities;
  readonly keyring: DeployKeyring;
  readonly exec: SandboxExec;
}

/**
 * Does the work. Stops at the first step that fails; what was begun beside it
 * is waited for, so that nothing of a pass goes on after its end.
 */
export async function carryOut(
  work: Work,
  bottle: Bottle,
  dependencies: CarryOutDependencies,
  pass: Pass,
): Promise<void> {
  if ("inOrder" in work) {
    for (const next of work.inOrder) await carryOut(next, bottle, dependencies, pass);
  } else if ("together" in work) {
    const ends = await Promise.allSettled(
      work.together.map((next) => carryOut(next, bottle, dependencies, pass)),
    );
    const failed = ends.find((end) => end.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  } else {
    pass.signal.throwIfAborted();
    await take(work, bottle, dependencies, pass);
  }
}

async function take(
  step: Step,
  bottle: Bottle,
  { client, runtime, delivery, link, authorities, keyring, exec }: CarryOutDependencies,
  pass: Pass,
): Promise<void> {
  const { signal } = pass;
  switch (step.kind) {
    case "configure":
      return delivery.configureNew(step.sidecars, step.policy, signal);
    case "probe":
      return link.probeEarly(step.spec, pass);
    case "wipe":
      return wipe(step.name, delivery, signal);
    case "refreshHome":
      return refreshHome(step.name, step.files, exec, signal);
    case "removeDeployKey":
      return removeDeployKey(step, bottle, keyring, pass);
    case "removeAuthority":
      return authorities.remove(bottle.metadata.uid);
    case "removeFinalizer":
      return removeFinalizer(bottle, client, signal);
    case "deleteBottle":
      return client.delete(bottles, refOf(bottle), signal);
    default:
      return takeOnRuntime(step, runtime, signal);
  }
}

type RuntimeStep = Extract<
  Step,
  { kind: "createVolume" | "removeVolume" | "create" | "start" | "stop" | "pause" | "unpause" | "remove" }
>;

async function takeOnRuntime(step: RuntimeStep, runtime: SandboxRuntime, signal: AbortSignal): Promise<void> {
  switch (step.kind) {
    case "createVolume":
      return runtime.createVolume(step.spec, signal);
    case "removeVolume":
      return runtime.removeVolume(step.name, signal);
    case "create":
      return runtime.create(step.spec, signal);
    case "start":
      return runtime.start(step.name, signal);
    case "stop":
      return runtime.stop(step.name, { graceMs: step.graceMs }, signal);
    case "pause":
      return runtime.pause(step.name, signal);
    case "unpause":
      return runtime.unpause(step.name, signal);
    case "remove":
      return runtime.remove(step.name, signal);
    default:
      step satisfies never;
  }
}

async function removeDeployKey(
  { note, mayFail }: Extract<Step, { kind: "removeDeployKey" }>,
  bottle: Bottle,
  keyring: DeployKeyring,
  pass: Pass,
): Promise<void> {
  try {
    await keyring.remove(bottle, note, pass);
  } catch (error) {
    // the keyring remembers it for the next pass
    if (!mayFail || !(error instanceof DeployKeyError)) throw error;
  }
}

async function wipe(sandbox: string, delivery: PolicyDelivery, signal: AbortSignal): Promise<void> {
  try {
    await delivery.wipe(sandbox, signal);
  } catch (error) {
    const isNoObstacle =
      error instanceof SidecarsSilentError ||
      error instanceof SidecarsRefusedError ||
      error instanceof SandboxNotFoundError;
    // their memory goes with them in the next step
    if (!isNoObstacle) throw error;
  }
}

/** Makes the deletion of a Bottle wait until everything of it is gone. */
export async function addFinalizer(
  bottle: Bottle,
  client: ResourceClient,
  signal: AbortSignal,
): Promise<void> {
  const finalizers = [...(bottle.metadata.finalizers ?? []), FINALIZER];
  await client.update(bottles, { ...bottle, metadata: { ...bottle.metadata, finalizers } }, signal);
}

async function removeFinalizer(bottle: Bottle, client: ResourceClient, signal: AbortSignal): Promise<void> {
  const finalizers = bottle.metadata.finalizers?.filter((name) => name !== FINALIZER) ?? [];
  await client.update(bottles, { ...bottle, metadata: { ...bottle.metadata, finalizers } }, signal);
}

const refOf = ({ metadata: { namespace, name, uid } }: Bottle) => ({ namespace, name, uid });
