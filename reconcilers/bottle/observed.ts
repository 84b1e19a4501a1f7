import type { ProvisionedFile } from "../contract/sandbox-runtime.ts";
import type { AgentCheck } from "./agent-checks.ts";
import type { DesiredParts } from "./desired-parts.ts";
import type { DesiredPolicy } from "./desired-policy.ts";
import type { Enforcement } from "./enforcement.ts";
import type { Found, Obstacle } from "./obstacle.ts";
import type { DeployKeysSeen } from "./git/deploy-keyring.ts";
import type { Parts } from "./parts.ts";

/** What a Bottle that should run comes down to. */
export interface Wanted {
  /** undefined when the class, the Agent, the provider or the CA is not to be had: see `parts` */
  readonly policy: DesiredPolicy | undefined;
  readonly parts: Found<DesiredParts>;
  /** what stands against the secrets; undefined when all are there, or it is not known which are needed */
  readonly secretsObstacle: Obstacle | undefined;
  readonly deployKeys: DeployKeysSeen;
  /** what the home should be given when it has something else, with its hash */
  readonly keptFiles: { readonly files: readonly ProvisionedFile[]; readonly hash: string };
  /** for status */
  readonly provider: string | undefined;
  readonly agentImage: string | undefined;
  readonly caFingerprint: string | undefined;
}

/** The world around one Bottle that should run, read once per pass. */
export interface Observed {
  readonly parts: Parts;
  readonly wanted: Wanted;
  readonly enforcement: Enforcement;
  readonly agentCheck: AgentCheck;
}
