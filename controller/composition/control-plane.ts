import { join } from "node:path";
import { rootCertificates } from "node:tls";
import type { Bottle } from "../../crds/bottle.ts";
import { bottles, resourceDefinitions } from "../../crds/resources.ts";
import { selectRuntime, type LocalRuntime } from "../../local-runtime/select-runtime.ts";
import { createOrphanSweep } from "../../reconcilers/bottle/orphans.ts";
import { forgetObservations } from "../../reconcilers/bottle/forget-observations.ts";
import { createBottleReconciler } from "../../reconcilers/bottle/reconciler.ts";
import type { EventRecorder } from "../../reconcilers/contract/event-recorder.ts";
import type { Reconciler } from "../../reconcilers/contract/reconciler.ts";
import type { ResourceClient } from "../../reconcilers/contract/resource-client.ts";
import { attachArgv, DEFAULT_PROVIDER, providerNamed } from "../../reconcilers/providers/index.ts";
import { createApiServer, type ApiServer } from "../api-server/index.ts";
import { AuditFaults, withAudit } from "../audit/index.ts";
import type { Config } from "../config.ts";
import { ForgeDeployKeys } from "../deploy-keys/index.ts";
import { createBottleController, createEventRecorder, systemClock, type Logger } from "../engine/index.ts";
import {
  createCertificateAuthorities,
  createSecretVault,
  readFeeds,
  type SecretVault,
} from "../secrets/index.ts";
import { BottleMetrics } from "../metrics/index.ts";
import { instanceOf } from "../instance.ts";
import { removeConnection, STATE_FILES, writeConnection } from "../state-folder.ts";
import { createInProcessClient, openSqliteStore, type ResourceStore } from "../store/index.ts";
import { VERSION } from "../version.ts";
import { NewsHints } from "./news-hints.ts";
import type { ReportStart } from "./start-report.ts";

/** A control plane that answers. */
export interface ControlPlane {
  readonly url: string;
  /** ends it; bottles go on */
  close(): Promise<void>;
}

interface Parts {
  readonly config: Config;
  readonly logger: Logger;
  readonly instance: string;
  readonly store: ResourceStore;
  readonly client: ResourceClient;
  readonly vault: SecretVault;
  readonly machine: LocalRuntime;
  readonly metrics: BottleMetrics;
}

/**
 * Puts all parts together on a state folder and starts them. What was opened is closed again, last first, when a
 * later part cannot start.
 */
export async function startControlPlane(
  config: Config,
  logger: Logger,
  report: ReportStart,
): Promise<ControlPlane> {
  await using opened = new AsyncDisposableStack();
  report({ kind: "step", text: "opening the state folder" });
  const store = openSqliteStore({ directory: config.stateDir, clock: systemClock });
  opened.defer(() => store.close());
  const client = createInProcessClient(store, systemClock);
  await forgetObservations(client, systemClock.now());
  const feeds = () => readFeeds(join(config.configDir, "secrets.yaml"));
  const vault = createSecretVault({ client, feeds, clock: systemClock });
  opened.defer(() => vault.close());
  const hasBottles = store.list(bottles, { limit: 1 }).items.length > 0;
  const instance = instanceOf(config.stateDir, hasBottles);
  const machine = await selectRuntime({ ...config, instance });
  opened.defer(() => machine.close());
  const parts = { config, logger, instance, store, client, vault, machine, metrics: new BottleMetrics() };
  const server = createServer(parts);
  opened.defer(() => server.close());
  const { url } = await server.listen(config.port);
  opened.defer(runEngine(parts));
  announce(config, server, url);
  opened.defer(() => removeConnection(config.stateDir));
  const running = opened.move();
  return { url, close: () => running.disposeAsync() };
}

function createServer({ config, logger, store, vault, machine, metrics }: Parts): ApiServer {
  return createApiServer({
    store,
    vault,
    logger,
    definitions: resourceDefinitions,
    exec: machine.exec,
    logs: machine.logs,
    attachArgv: argvOf,
    clock: systemClock,
    folder: join(config.stateDir, STATE_FILES.tls),
    kubeconfigPath: join(config.stateDir, STATE_FILES.kubeconfig),
    version: VERSION,
    metrics: () => metrics.text(),
  });
}

/** Begins to bring bottles to what is asked for; the returned function ends that and waits for passes in flight. */
function runEngine(parts: Parts): () => Promise<void> {
  const { config, logger, client, vault, machine, metrics } = parts;
  const end = new AbortController();
  const events = createEventRecorder({ client, clock: systemClock, logger });
  const news = new NewsHints(systemClock);
  const faults = new AuditFaults();
  const reconciler = createReconciler({ ...parts, faults }, events, end.signal);
  const controller = createBottleController({
    client,
    logger,
    clock: systemClock,
    reconciler: withAudit(reconciler, {
      client,
      events,
      metrics,
      logs: machine.logs,
      stateDir: config.stateDir,
      clock: systemClock,
      signal: end.signal,
      faults,
      onNews: (uid) => news.tell(uid),
      onError: (err, key) => logger.error({ key, err }, "the audit cannot be kept"),
    }),
    sweep: createOrphanSweep({ client, runtime: machine.runtime }),
    hints: (signal) => news.beside(machine.runtime.watch(signal), signal),
    onSecretGone: (uid) => vault.forget(uid),
  });
  vault.whenRenewed((ref) => controller.secretRenewed(ref));
  const ended = controller.run(end.signal);
  return async () => {
    end.abort();
    await ended;
    await events.flush();
  };
}

function createReconciler(
  { config, instance, client, vault, machine, faults }: Parts & { readonly faults: AuditFaults },
  events: EventRecorder,
  signal: AbortSignal,
): Reconciler {
  return createBottleReconciler({
    ...machine,
    client,
    events,
    audit: faults,
    secrets: vault,
    deployKeys: new ForgeDeployKeys({
      instance,
      hasBottle: async (uid, during) =>
        (await client.list(bottles, {}, during)).items.some(({ metadata }) => metadata.uid === uid),
      clock: systemClock,
      signal,
    }),
    authorities: createCertificateAuthorities({
      directory: join(config.stateDir, STATE_FILES.certificateAuthorities),
      clock: systemClock,
    }),
    rootCertificates: rootCertificates.join("\n"),
  });
}

function announce(config: Config, server: ApiServer, url: string): void {
  writeConnection(config.stateDir, {
    url,
    token: server.token,
    caPem: server.caPem,
    pid: process.pid,
    startedAt: systemClock.now().toISOString(),
    version: VERSION,
    runtime: config.runtime,
  });
}

function argvOf(bottle: Bottle): readonly string[] {
  return attachArgv(providerNamed(bottle.status?.provider ?? "") ?? DEFAULT_PROVIDER);
}
