import { readFile, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { ContextEntry } from "./context.ts";
import type { FolderContexts } from "./folder-context.ts";
import { ImageBuildError } from "./image-engine.ts";
import { aDockerfileRecipe } from "./recipe.ts";
import type { DockerfileRecipe } from "./recipe.ts";

/** Where a user's Dockerfile finds the host's extra CA certificates; the file is empty when there are none. */
const HOST_CA_IN_CONTEXT = ".bot-bottle/ca.pem";

/**
 * The recipe of a Dockerfile that a bottle brings: its folder is the context, as `docker build` has it. Steps that
 * run have the engine's default network, never the host's.
 *
 * Throws ImageBuildError when it cannot be read.
 */
export async function userRecipe(
  file: string,
  contexts: FolderContexts,
  hostCaFile: string | undefined,
): Promise<DockerfileRecipe> {
  await assertReadable(file);
  const dockerfile = basename(file);
  const entries = await contexts.read(dirname(file), dockerfile);
  const ca: ContextEntry = {
    kind: "file",
    path: HOST_CA_IN_CONTEXT,
    mode: 0o644,
    content: hostCaFile === undefined ? "" : await readFile(hostCaFile),
  };
  const name = "custom";
  return aDockerfileRecipe({ name, dockerfile, entries: [...entries, ca], network: "default" });
}

async function assertReadable(file: string): Promise<void> {
  const stats = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw new ImageBuildError(`the Dockerfile ${file} cannot be read: ${error.code ?? error.message}`);
  });
  if (!stats.isFile()) throw new ImageBuildError(`the Dockerfile ${file} is not a file`);
}
