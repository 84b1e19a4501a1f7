import type { ResourceClient } from "../../../reconcilers/contract/resource-client.ts";
import { KubernetesClient } from "./kubernetes-client.ts";
import { createTransport } from "./transport.ts";

/**
 * A client of the API server that a kubeconfig names, or, without one, of the
 * cluster that this process runs in. Reaches nobody yet; throws when the
 * kubeconfig cannot be read or names no https server.
 */
export async function connectToKubernetes(kubeconfigPath: string | undefined): Promise<ResourceClient> {
  // here and not above: importing it costs 380 ms, and the embedded store needs none of it
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  if (kubeconfigPath === undefined) config.loadFromCluster();
  else config.loadFromFile(kubeconfigPath);
  return new KubernetesClient(createTransport(config));
}
