import type { Bottle } from "../../crds/bottle.ts";
import { bottles } from "../../crds/resources.ts";
import type { SandboxRole } from "../../reconcilers/contract/sandbox-runtime.ts";
import { sandboxName } from "../../reconcilers/shared/naming.ts";
import type { ResourceStore } from "../store/index.ts";
import type { ResourceExchange } from "./exchange.ts";
import { CONTAINERS } from "./pod-of-bottle.ts";
import { pods } from "./pod-definition.ts";
import { given } from "./read.ts";
import { badRequest, objectNotFound } from "./status-error.ts";

/** The container that a request for logs or a command is about. */
export interface PodContainer {
  readonly bottle: Bottle;
  readonly role: SandboxRole;
  /** name of the sandbox on the runtime */
  readonly sandbox: string;
}

/** Finds it; the agent when none is named. Throws StatusError 404 or 400. */
export function podContainerOf({ path, query }: ResourceExchange, store: ResourceStore): PodContainer {
  const name = path.name ?? "";
  const bottle = store.get(bottles, { namespace: path.namespace, name });
  if (bottle === undefined) throw objectNotFound(pods, name);
  const asked = given(query, "container") ?? "agent";
  const role = CONTAINERS.find((each) => each === asked);
  if (role === undefined) {
    throw badRequest(`container ${asked} is not valid for pod ${name}: it has ${CONTAINERS.join(", ")}`);
  }
  return { bottle, role, sandbox: sandboxName(bottle.metadata.uid, role) };
}
