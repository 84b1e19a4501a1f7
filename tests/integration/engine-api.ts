import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApiServer, type SecretSink } from "../../controller/api-server/index.ts";
import { createLogger, systemClock, type Logger } from "../../controller/engine/index.ts";
import { connectToKubernetes, openSqliteStore } from "../../controller/store/index.ts";
import { resourceDefinitions } from "../../crds/resources.ts";

/** The embedded API server on a store in a folder of its own, without sandboxes. */
export async function startEmbeddedApi(
  options: { readonly vault?: SecretSink | undefined; readonly logger?: Logger | undefined } = {},
) {
  const directory = mkdtempSync(join(tmpdir(), "bot-bottle-api-"));
  const store = openSqliteStore({ directory, clock: systemClock });
  const kubeconfig = join(directory, "kubeconfig");
  const never = () => Promise.reject(new Error("no sandboxes here"));
  const api = createApiServer({
    store,
    vault: options.vault ?? { hold: () => {}, forget: () => {} },
    definitions: resourceDefinitions,
    exec: { exec: never },
    logs: {
      async *logs() {
        yield await never();
      },
    },
    attachArgv: () => [],
    clock: systemClock,
    logger: options.logger ?? createLogger({ level: "silent", destination: { write: () => undefined } }),
    folder: join(directory, "tls"),
    kubeconfigPath: kubeconfig,
    version: "0.0.0",
  });
  const { url } = await api.listen(0);
  return {
    ...{ directory, store, url, caPem: api.caPem, token: api.token },
    client: await connectToKubernetes(kubeconfig),
    /** a client that reaches this server's certificate at another address */
    clientAt: async (address: string) => {
      const path = join(directory, `kubeconfig-${new URL(address).port}`);
      writeFileSync(path, readFileSync(kubeconfig, "utf8").replace(url, address), { mode: 0o600 });
      return await connectToKubernetes(path);
    },
    /** what this server shows, for another server that clients trust as well */
    tls: () => {
      const material = JSON.parse(readFileSync(join(directory, "tls", "tls.json"), "utf8")) as Record<
        string,
        string
      >;
      return { cert: material["certificatePem"] ?? "", key: material["privateKeyPem"] ?? "" };
    },
    close: async () => {
      await api.close();
      store.close();
      rmSync(directory, { recursive: true });
    },
  };
}
