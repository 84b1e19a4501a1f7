import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "vitest";
import { connectToKubernetes } from "../../controller/store/index.ts";
import { resourceDefinitions } from "../../crds/resources.ts";
import { describeResourceClient } from "../contract/resource-client.contract.ts";
import { ensureBinaries, whyNoCluster } from "./binaries.ts";
import { startKubeApiserver } from "./kube-apiserver.ts";

const MANIFESTS = join(import.meta.dirname, "..", "..", "crds", "manifests");

async function openCluster() {
  const binaries = ensureBinaries();
  const api = await startKubeApiserver(binaries);
  const kubectl = (...argv: string[]) => execFileSync(binaries.kubectl, [...api.kubectlFlags, ...argv]);
  kubectl("apply", "-f", MANIFESTS);
  for (const { plural, group } of resourceDefinitions) {
    kubectl("wait", "--for=condition=Established", "--timeout=30s", `crd/${plural}.${group}`);
  }
  const [kubeconfig] = api.kubectlFlags.flatMap((flag) => /^--kubeconfig=(.*)$/.exec(flag)?.[1] ?? []);
  return { client: await connectToKubernetes(kubeconfig), close: () => api.stop() };
}

const NAME = "over https, on a real kube-apiserver";
const missing = whyNoCluster();
if (missing === undefined) {
  describeResourceClient(NAME, openCluster);
} else {
  console.log(`SKIPPED ResourceClient ${NAME}: ${missing}`);
  describe.skip(NAME, () => it("keeps the contract", () => {}));
}
