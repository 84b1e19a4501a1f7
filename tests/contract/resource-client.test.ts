import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApiServer } from "../../controller/api-server/index.ts";
import { createLogger, systemClock } from "../../controller/engine/index.ts";
import { connectToKubernetes, createInProcessClient, openSqliteStore } from "../../controller/store/index.ts";
import { resourceDefinitions } from "../../crds/resources.ts";
import { describeResourceClient } from "./resource-client.contract.ts";

function open() {
  const directory = mkdtempSync(join(tmpdir(), "bot-bottle-contract-"));
  const store = openSqliteStore({ directory, clock: systemClock });
  const close = () => {
    store.close();
    rmSync(directory, { recursive: true });
  };
  return { directory, store, close };
}

describeResourceClient("in process", async () => {
  const { store, close } = open();
  return { client: createInProcessClient(store, systemClock), close: async () => close() };
});

describeResourceClient("over https, on the embedded API server", async () => {
  const { directory, store, close } = open();
  const kubeconfigPath = join(directory, "kubeconfig");
  const never = () => Promise.reject(new Error("no sandboxes here"));
  const api = await createApiServer({
    store,
    vault: { hold: () => {}, forget: () => {} },
    definitions: resourceDefinitions,
    exec: { exec: never },
    logs: {
      async *logs() {
        yield await never();
      },
    },
    attachArgv: () => [],
    clock: systemClock,
    logger: createLogger({ level: "silent" }),
    folder: join(directory, "tls"),
    kubeconfigPath,
    version: "0.0.0",
  });
  await api.listen(0);
  return {
    client: await connectToKubernetes(kubeconfigPath),
    close: async () => {
      await api.close();
      close();
    },
  };
});
