import { join } from "node:path";
import { rootCertificates } from "node:tls";
import type { Logger } from "pino";
import type { Bottle } from "../../crds/bottle.ts";
import { resourceDefinitions } from "../../crds/resources.ts";
import { selectRuntime } from "../../local-runtime/select-runtime.ts";
import { attachArgv, DEFAULT_PROVIDER, providerNamed } from "../../reconcilers/providers/index.ts";
import { createApiServer } from "../api-server/index.ts";
import type { Config } from "../config.ts";
import { systemClock } from "../engine/index.ts";
import { createSecretVault, readFeeds } from "../secrets/index.ts";
import { removeConnection, STATE_FILES, writeConnection } from "../state-folder.ts";
import { createInProcessClient, openSqliteStore } from "../store/index.ts";
import { instanceOf } from "./instance.ts";
import type { ReportStart } from "./start-report.ts";

/** The product's version. */
export const VERSION = "0.1.0";

/** A control plane that answers. */
export interface ControlPlane {
  readonly url: string;
  /** ends it; bottles go on */
  close(): Promise<void>;
}

/**
 * Puts all parts together on a state folder and starts them. What was opened is closed again when a later part
 * cannot start.
 */
export async function startControlPlane(
  config: Config,
  logger: Logger,
  report: ReportStart,
): Promise<ControlPlane> {
  await using parts = new AsyncDisposableStack();
  report({ kind: "step", text: "opening the state folder" });
  const store = openSqliteStore({ directory: config.stateDir, clock: systemClock });
  parts.defer(() => store.close());
  const client = createInProcessClient(store, systemClock);
  const feeds = () => readFeeds(join(config.configDir, "secrets.yaml"));
  const vault = createSecretVault({ client, feeds, clock: systemClock });
  const machine = await selectRuntime({ ...config, instance: instanceOf(config.stateDir) });
  parts.defer(() => machine.close());
  const server = await createApiServer({
    store,
    vault,
    definitions: resourceDefinitions,
    exec: machine.exec,
    logs: machine.logs,
    attachArgv: argvOf,
    clock: systemClock,
    logger,
    folder: join(config.stateDir, STATE_FILES.tls),
    kubeconfigPath: join(config.stateDir, STATE_FILES.kubeconfig),
    version: VERSION,
  });
  parts.defer(() => server.close());
  const { url } = await server.listen(config.port);
  writeConnection(config.stateDir, {
    url,
    token: server.token,
    caPem: server.caPem,
    pid: process.pid,
    startedAt: systemClock.now().toISOString(),
    version: VERSION,
    runtime: config.runtime,
  });
  parts.defer(() => removeConnection(config.stateDir));
  const running = parts.move();
  return { url, close: () => running.disposeAsync() };
}

function argvOf(bottle: Bottle): readonly string[] {
  return attachArgv(providerNamed(bottle.status?.provider ?? "") ?? DEFAULT_PROVIDER);
}

export const roots = (): string => rootCertificates.join("\n");
