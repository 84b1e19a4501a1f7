import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { resourceDefinitions } from "../../crds/resources.ts";
import { ensureBinaries, whyNoCluster } from "./binaries.ts";
import { type KubeApiserver, startKubeApiserver } from "./kube-apiserver.ts";
import { until } from "./process.ts";

const MANIFESTS = join(import.meta.dirname, "..", "..", "crds", "manifests");

/** A kube-apiserver that knows our kinds, and a kubectl that speaks to it. */
export interface Cluster {
  readonly api: KubeApiserver;
  /** what kubectl prints; throws when it fails */
  kubectl(argv: readonly string[], input?: string): string;
  close(): Promise<void>;
}

/** Whether tests must be skipped because this machine can have no kube-apiserver; says so once, for the list of skips. */
export function isWithoutCluster(what: string): boolean {
  const reason = whyNoCluster();
  if (reason !== undefined) console.log(`SKIPPED ${what}: ${reason}`);
  return reason !== undefined;
}

/** Starts a kube-apiserver, building it the first time, and gives it the generated manifests. */
export async function openCluster(): Promise<Cluster> {
  const binaries = ensureBinaries();
  const api = await startKubeApiserver(binaries);
  const kubectl = (argv: readonly string[], input = "") =>
    execFileSync(binaries.kubectl, [...api.kubectlFlags, ...argv], { encoding: "utf8", input });
  try {
    kubectl(["apply", "-f", MANIFESTS]);
    for (const { plural, group } of resourceDefinitions) {
      kubectl(["wait", "--for=condition=Established", "--timeout=30s", `crd/${plural}.${group}`]);
    }
    // Made by a controller inside kube-apiserver, some moments after it says that it is ready.
    const hasDefault = async () => (await api.call("GET", "/api/v1/namespaces/default")).status === 200;
    await until(hasDefault, 30_000, "the namespace default");
    return { api, kubectl, close: () => api.stop() };
  } catch (error) {
    await api.stop();
    throw error;
  }
}
