import { join } from "node:path";
import type { Bottle } from "../../crds/bottle.ts";
import { events, namespaces } from "../../crds/core.ts";
import type { ResourceDefinition } from "../../crds/resources.ts";
import type { SandboxExec, SandboxLogs } from "../../reconcilers/contract/sandbox-exec.ts";
import type { Clock } from "../engine/index.ts";
import { ensurePrivateDirectory, type ResourceStore } from "../store/index.ts";
import { createAuthenticate } from "./authentication.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { pods } from "./pod-definition.ts";
import { createPodLog } from "./pod-log.ts";
import { podResource } from "./pod-resource.ts";
import { createPodTerminal } from "./pod-terminal.ts";
import { createRegistry, type Registry } from "./registry.ts";
import { recallPort, rememberPort } from "./remembered-port.ts";
import { createRouter, resourceExchange } from "./router.ts";
import { secretResource, type SecretSink } from "./secret-resource.ts";
import { HttpsServer, type Logger } from "./server.ts";
import { badRequest, pathNotFound } from "./status-error.ts";
import { customResource, eventResource, namespaceResource } from "./stored-resource.ts";
import { ensureTlsMaterial, type TlsMaterial } from "./tls-material.ts";
import { ensureToken } from "./token.ts";

export type { SecretSink } from "./secret-resource.ts";
export { PortInUseError } from "./server.ts";

/** What the API server is made of. */
export interface ApiServerOptions {
  readonly store: ResourceStore;
  /** takes the values of Secrets; this server never reads one */
  readonly vault: SecretSink;
  /** the kinds of ours that are served */
  readonly definitions: readonly ResourceDefinition[];
  readonly exec: SandboxExec;
  readonly logs: SandboxLogs;
  /** what `kubectl attach` starts in the agent's container */
  readonly attachArgv: (bottle: Bottle) => readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** where certificate, token and port are kept, 0700 */
  readonly folder: string;
  readonly kubeconfigPath: string;
  /** version of the product, for GET /version */
  readonly version: string;
  /** the text of GET /metrics, in the form of OpenMetrics; absent: not served */
  readonly metrics?: () => string;
}

/** The Kubernetes API of one store, over https on loopback. */
export interface ApiServer {
  readonly token: string;
  readonly caPem: string;
  /**
   * Begins to answer and writes the kubeconfig. Without a port it takes the one
   * of last time, the first time a free one. Throws PortInUseError.
   */
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  /** ends watches, logs and terminals and stops listening; leaves certificate, token and kubeconfig */
  close(): Promise<void>;
}

/** Makes the server with its certificate and token, which are made once and kept. Throws UnsafeFileError. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  const { folder, clock } = options;
  ensurePrivateDirectory(folder);
  const tls = ensureTlsMaterial(folder, clock.now());
  const token = ensureToken(folder);
  const server = createServer(options, tls);
  return {
    token,
    caPem: tls.caPem,
    async listen(port) {
      const portFile = join(folder, "port");
      const wanted = port ?? recallPort(portFile) ?? 0;
      const bound = await server.listen(wanted, (each) => createAuthenticate({ token, port: each }));
      const url = `https://127.0.0.1:${bound}`;
      try {
        rememberPort(portFile, bound);
        writeKubeconfig(options.kubeconfigPath, { url, caPem: tls.caPem, token });
      } catch (error) {
        await server.close();
        throw error;
      }
      return { url, port: bound };
    },
    close: () => server.close(),
  };
}

function createServer(options: ApiServerOptions, tls: TlsMaterial): HttpsServer {
  const { clock, logger, logs, metrics, store, version } = options;
  const registry = registryOf(options);
  const subresources = {
    "pods/log": createPodLog({ store, logs, clock }),
    "pods/exec": needsUpgrade,
    "pods/attach": needsUpgrade,
  };
  const terminal = createPodTerminal(options);
  return new HttpsServer({
    tls,
    clock,
    logger,
    router: createRouter({ registry, clock, version, metrics, subresources }),
    upgrade(request, exchange, socket, head) {
      const found = resourceExchange(exchange, registry);
      if (found?.resource.definition !== pods) throw pathNotFound();
      terminal.upgrade(request, found, socket, head);
    },
  });
}

function registryOf({ store, vault, definitions }: ApiServerOptions): Registry {
  return createRegistry([
    namespaceResource(namespaces, store),
    secretResource(store, vault),
    eventResource(events, store),
    podResource(store),
    ...definitions.map((definition) => customResource(definition, store)),
  ]);
}

function needsUpgrade(): never {
  throw badRequest("Upgrade request required");
}
