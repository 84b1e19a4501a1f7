/** The condition types of a Bottle, with the sentence that the docs print. */
export const CONDITIONS = {
  Ready: "The bottle can be worked in. Computed from the others; always there.",
  SecretsAvailable:
    "Every secret that a route or a git remote needs has a value and is bound to where it would go.",
  EgressEnforced:
    "The sidecars enforce the wanted policy, and a probe in the agent's namespace found no way out but through them.",
  AgentRunning: "The agent's container runs.",
  GitGateReady: "Every git remote can be used through the gate. Never freezes the agent.",
  RuntimeHealthy: "The runtime, such as Docker, answers.",
  Suspended: "The containers are gone on purpose and the home is kept.",
  Reconciling: "Work towards the spec goes on. Absent when settled.",
  BudgetExceeded: "A budget of egress is spent, so that requests are denied. Absent otherwise.",
  AuditFailing: "What the bottle does cannot be recorded, so that its requests are denied. Absent otherwise.",
  Stalled: "Only a change of the Bottle, of what it names or of a secret can help. Absent otherwise.",
} as const;
export type ConditionType = keyof typeof CONDITIONS;

/** Every reason a condition or an Event may carry, with the sentence that the docs print. */
export const REASONS = {
  AllReady: "All parts are ready.",
  NotObserved: "The state has not been observed yet.",
  Progressing: "The parts are being brought to the state that is asked for.",
  ProgressingWithRetry: "A step failed and is tried again with growing pauses.",
  ImageBuilding: "The image of the agent or of the sidecars is being built.",
  ImageBuildFailed: "The image could not be built; the message has its last lines.",
  ImageMissing: "The image that the Bottle names is not on this machine and cannot be built here.",
  SecretsFound: "Every secret that a route or a git remote names has a value.",
  SecretMissing: "A Secret, or a key of it, that a route or a git remote names does not exist.",
  SecretValueMissing:
    "A Secret exists but its value is not in memory, as after a restart; it must be given again.",
  SecretExpired:
    "The time that a secret's value was good for is over, and there is no new one; the message says why.",
  SecretNotBoundToHost:
    "A route or a git remote would carry a secret to a destination that the secret's owner did not bind it to.",
  Enforced: "The sidecars enforce the wanted policy and the probe from the agent's namespace holds.",
  OnlyRecorded:
    "The sidecars are in force and only record what no route allows: the class has mode audit. The probe holds.",
  BudgetSpent: "A limit of egress.budget, or of a route's, is reached; a larger one lets requests out again.",
  AuditNotWritten: "The audit cannot be written, as on a full disk; it is tried again every few seconds.",
  SidecarsNotRunning: "The sidecars are not running.",
  SidecarsOutdated: "The sidecars are being replaced by ones with the wanted spec.",
  SidecarsSilent: "The sidecars do not answer on the control channel.",
  PolicyOutdated: "The sidecars report another policy than the wanted one.",
  LinkDown:
    "The airlock, which holds the agent's network namespace, is not running or is younger than the agent.",
  ProbeFailed: "The probe in the agent's namespace found something other than the way to the sidecars.",
  Running: "It runs.",
  NotRunning: "It does not run.",
  Frozen: "The agent is paused because enforcement could not be shown; its work is kept.",
  RuntimeAnswers: "The runtime answers.",
  RuntimeUnavailable: "The runtime does not answer; nothing is removed or made anew meanwhile.",
  AskedToSuspend: "The Bottle asks for operatingMode Suspended.",
  ShutdownTimeReached: "The Bottle's shutdownTime has passed.",
  ClassNotFound: "The BottleClass, or a parent of it, does not exist.",
  ClassCycle: "The chain of BottleClasses comes back to itself.",
  AgentNotFound: "The Agent that the Bottle names does not exist.",
  ProviderUnknown: "No provider has the name that the Bottle or its class gives.",
  IsolationUnavailable: "The runtime cannot give the isolation that is asked for.",
  SandboxNameTaken: "Something else on this machine has the name that a part of this bottle needs.",
  CertificateAuthorityUnreadable:
    "The bottle's CA cannot be read; a new one would break the trust of a running agent.",
  PolicyRefused: "The sidecars refuse the policy; the message says why.",
  CheckFailed: "A check in the agent's sandbox after its start did not hold; the message says which.",
  Checking: "The agent's sandbox, or a git remote, is being checked.",
  NotSuspended: "The Bottle is not suspended.",
  Terminating: "The Bottle is being deleted; its parts are being removed.",
  RuntimeNotServed: "The Bottle asks for a runtime that this controller does not serve.",
  RuntimeClassUnavailable: "The engine has no runtime class of the name that is asked for.",
  NoRemotes: "The bottle has no git remotes.",
  RemotesReady: "Every git remote can be used.",
  HostKeyMismatch: "The host showed another key than the one in knownHost; nothing was sent to it.",
  AuthenticationFailed: "The host refuses the key or the token of a git remote.",
  UpstreamUnreachable: "The host of a git remote does not answer, or has no such repository.",
  UpstreamCorrupt: "What the host of a git remote sends is broken, or not allowed to be kept.",
  ScannerUnavailable: "What scans pushes does not work, so that none is handed on.",
  IdentityUnusable:
    "The key or token of a git remote is missing or cannot be read, such as one with a passphrase.",
  MirrorUnusable: "The mirror of a git remote cannot be written or read, as on a full disk.",
  GateNotRunning: "git-gate's process does not run, or does not answer.",
  DeployKeyFailed: "A deploy key could not be made at the forge, or not removed; the message says why.",
  SpecInvalid: "The stored spec does not match the schema.",
} as const;
export type Reason = keyof typeof REASONS;
