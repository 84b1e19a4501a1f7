import type { Bottle } from "../../crds/bottle.ts";
import { bottles } from "../../crds/resources.ts";
import { RuntimeUnavailableError, SandboxNotFoundError } from "../../reconcilers/contract/errors.ts";
import type { EventRecorder } from "../../reconcilers/contract/event-recorder.ts";
import type { Reconciler } from "../../reconcilers/contract/reconciler.ts";
import type { ResourceClient } from "../../reconcilers/contract/resource-client.ts";
import type { SandboxLogs } from "../../reconcilers/contract/sandbox-exec.ts";
import { sandboxName } from "../../reconcilers/shared/naming.ts";
import { auditFile } from "./audit-files.ts";
import { AuditLog, parseAuditLine } from "./audit-log.ts";
import { DenialEvents } from "./denial-events.ts";

export interface AuditDependencies {
  readonly client: ResourceClient;
  readonly logs: SandboxLogs;
  readonly events: EventRecorder;
  readonly stateDir: string;
  readonly now: () => Date;
  /** the end of the controller */
  readonly signal: AbortSignal;
  /** called with what stops a follower that nobody expected */
  readonly onError: (error: unknown, bottle: string) => void;
}

const LOOK_AGAIN_MS = 5000;

interface Follower {
  readonly uid: string;
  readonly stop: AbortController;
}

/**
 * Keeps the audit of each bottle on disk: follows the log of its sidecars while they run, from where the file ends.
 *
 * The file stays when the bottle goes.
 */
export function createAuditReconciler(dependencies: AuditDependencies): Reconciler {
  const followers = new Map<string, Follower>();
  return {
    name: "audit",
    async reconcile({ namespace, name }, pass) {
      const key = `${namespace}/${name}`;
      const bottle = await dependencies.client.get(bottles, { namespace, name }, pass.signal);
      const running = followers.get(key);
      if (bottle === undefined || running?.uid !== bottle.metadata.uid) {
        running?.stop.abort();
        followers.delete(key);
      }
      if (bottle === undefined) return { kind: "settled" };
      if (!followers.has(key)) {
        const follower = { uid: bottle.metadata.uid, stop: new AbortController() };
        followers.set(key, follower);
        void follow(
          bottle,
          dependencies,
          AbortSignal.any([dependencies.signal, follower.stop.signal]),
        ).finally(() => {
          if (followers.get(key) === follower) followers.delete(key);
        });
      }
      return {
        kind: "wait",
        afterMs: LOOK_AGAIN_MS,
        reason: "the sidecars' log is followed again when it ended",
      };
    },
  };
}

/** Until the sidecars end, the bottle goes, or there are no sidecars yet. Never rejects. */
async function follow(bottle: Bottle, dependencies: AuditDependencies, signal: AbortSignal): Promise<void> {
  const { uid, name, namespace = "default" } = bottle.metadata;
  try {
    const log = new AuditLog(auditFile(dependencies.stateDir, { namespace, name }));
    const denials = new DenialEvents(dependencies.events, dependencies.now);
    const since = log.position === undefined ? undefined : new Date(log.position.time);
    const lines = dependencies.logs.logs(sandboxName(uid, "sidecars"), { follow: true, since }, signal);
    for await (const { text } of lines) {
      const record = parseAuditLine(text);
      if (record !== undefined && log.append(record)) denials.tell(bottle, record);
    }
  } catch (error) {
    const isExpected = error instanceof SandboxNotFoundError || error instanceof RuntimeUnavailableError;
    if (!isExpected && !signal.aborted) dependencies.onError(error, `${namespace}/${name}`);
  }
}
