import { describe, it } from "vitest";
import { connectToKubernetes } from "../../controller/store/index.ts";
import { describeResourceClient } from "../contract/resource-client.contract.ts";
import { isWithoutCluster, openCluster } from "./cluster.ts";

const NAME = "over https, on a real kube-apiserver";

if (isWithoutCluster(`ResourceClient ${NAME}`)) {
  describe.skip(NAME, () => it("keeps the contract", () => {}));
} else {
  describeResourceClient(NAME, async () => {
    const { api, close } = await openCluster();
    return { client: await connectToKubernetes(api.kubeconfig), close };
  });
}
