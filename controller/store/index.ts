/** The edge of the store: what the rest of the controller may use of it. */
export { createInProcessClient } from "./in-process-client.ts";
export { connectToKubernetes } from "./kubernetes/connect.ts";
export { mergePatch } from "./merge-patch.ts";
export type { Preconditions, ResourceStore, StoreWatch, StoreWatchOptions } from "./resource-store.ts";
export { openSqliteStore } from "./sqlite/open.ts";
export { StateDirectoryInUseError } from "./sqlite/lock.ts";
export { StoreCorruptError } from "./sqlite/sqlite-errors.ts";
export { ensurePrivateDirectory, UnsafeDirectoryError } from "./state-directory.ts";
