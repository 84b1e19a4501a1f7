import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../controller/engine/index.ts";
import { createInProcessClient, openSqliteStore } from "../../controller/store/index.ts";
import { startEmbeddedApi } from "../integration/engine-api.ts";
import { describeResourceClient } from "./resource-client.contract.ts";

describeResourceClient("in process", async () => {
  const directory = mkdtempSync(join(tmpdir(), "bot-bottle-contract-"));
  const store = openSqliteStore({ directory, clock: systemClock });
  const close = async () => {
    store.close();
    rmSync(directory, { recursive: true });
  };
  return { client: createInProcessClient(store, systemClock), close };
});

describeResourceClient("over https, on the embedded API server", startEmbeddedApi);
