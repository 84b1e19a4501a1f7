import type { Bottle } from "../../crds/bottle.ts";
import type { AuditRecord } from "../../sidecars/wire/audit.ts";
import { bottles } from "../../crds/resources.ts";
import { RuntimeUnavailableError, SandboxNotFoundError } from "../../reconcilers/contract/errors.ts";
import type { EventRecorder } from "../../reconcilers/contract/event-recorder.ts";
import type { Reconciler } from "../../reconcilers/contract/reconciler.ts";
import type { ResourceClient } from "../../reconcilers/contract/resource-client.ts";
import type { SandboxLogs } from "../../reconcilers/contract/sandbox-exec.ts";
import { sandboxName } from "../../reconcilers/shared/naming.ts";
import { sleep, type Clock } from "../engine/index.ts";
import type { BottleMetrics } from "../metrics/index.ts";
import { auditFile } from "./audit-files.ts";
import { AuditLog, parseAuditLine } from "./audit-log.ts";
import { AuditEvents } from "./audit-events.ts";
import type { AuditFaults } from "./audit-faults.ts";

export interface AuditDependencies {
  readonly client: ResourceClient;
  readonly logs: SandboxLogs;
  readonly events: EventRecorder;
  readonly metrics: BottleMetrics;
  readonly stateDir: string;
  readonly clock: Clock;
  /** the end of the controller */
  readonly signal: AbortSignal;
  readonly faults: AuditFaults;
  /** told, by the uid of the bottle, of what its status should show at once: pushes, failures of remotes, budgets, faults */
  readonly onNews: (uid: string) => void;
  /** told what nobody expected, such as a full disk; the log is read again after a while */
  readonly onError: (error: unknown, bottle: string) => void;
}

/** between the end of a log, as when sidecars are made anew, and the next look */
const LOOK_AGAIN_MS = 2000;

/**
 * A reconciler that also keeps the audit of each bottle on disk: while a Bottle exists, the log of its sidecars is
 * followed from where the file ends. The file stays when the Bottle goes.
 */
export function withAudit(reconciler: Reconciler, dependencies: AuditDependencies): Reconciler {
  const followed = new Map<string, { readonly uid: string; readonly stop: AbortController }>();
  return {
    name: reconciler.name,
    async reconcile(request, pass) {
      const bottle = await dependencies.client.get(bottles, request, pass.signal);
      const key = `${request.namespace}/${request.name}`;
      const uid = bottle?.metadata.uid;
      if (followed.get(key)?.uid !== uid) {
        followed.get(key)?.stop.abort();
        dependencies.metrics.forget(request);
        dependencies.faults.set(followed.get(key)?.uid ?? "", undefined);
        followed.delete(key);
      }
      if (bottle !== undefined && uid !== undefined && !followed.has(key)) {
        const stop = new AbortController();
        followed.set(key, { uid, stop });
        void follow(bottle, dependencies, AbortSignal.any([dependencies.signal, stop.signal]));
      }
      return reconciler.reconcile(request, pass);
    },
  };
}

/** Until `signal` is aborted; never rejects. */
async function follow(bottle: Bottle, dependencies: AuditDependencies, signal: AbortSignal): Promise<void> {
  const { name, namespace = "default" } = bottle.metadata;
  const told = new AuditEvents(dependencies.events, () => dependencies.clock.now());
  while (!signal.aborted) {
    try {
      await copyLog(bottle, { ...dependencies, told }, signal);
    } catch (error) {
      const isExpected = error instanceof SandboxNotFoundError || error instanceof RuntimeUnavailableError;
      if (!isExpected && !signal.aborted) dependencies.onError(error, `${namespace}/${name}`);
    }
    await sleep(dependencies.clock, LOOK_AGAIN_MS, signal);
  }
}

async function copyLog(
  bottle: Bottle,
  { logs, stateDir, told, metrics, faults, onNews }: AuditDependencies & { readonly told: AuditEvents },
  signal: AbortSignal,
): Promise<void> {
  const { uid, name, namespace = "default" } = bottle.metadata;
  const file = auditFile(stateDir, { namespace, name });
  const writing = <T>(write: () => T): T => {
    try {
      const result = write();
      // that it could be opened says nothing: a full disk has room for that
      if (result === true && faults.set(uid, undefined)) onNews(uid);
      return result;
    } catch (error) {
      if (faults.set(uid, faultOf(file, error))) onNews(uid);
      throw error;
    }
  };
  const audit = writing(() => new AuditLog(file));
  const since = audit.position === undefined ? undefined : new Date(audit.position.time);
  for await (const { text } of logs.logs(sandboxName(uid, "sidecars"), { follow: true, since }, signal)) {
    const record = parseAuditLine(text);
    if (record === undefined || !writing(() => audit.append(record))) continue;
    told.tell(bottle, record);
    if (isNews(record)) onNews(uid);
    // a bottle that is gone has been forgotten
    if (!signal.aborted) metrics.count({ namespace, name }, record);
  }
}

function isNews({ gate, method, verdict, code }: AuditRecord): boolean {
  if (gate === "git") return method === "push" || verdict === "error";
  return code === "BudgetSpent" || code === "BudgetExceeded";
}

function faultOf(file: string, error: unknown): string {
  const { code = "unknown error" } = error as NodeJS.ErrnoException;
  return `the audit cannot be written to ${file} (${code}): free some space there; until then requests are denied`;
}
