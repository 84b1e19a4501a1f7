import { accessSync, constants, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { extract } from "tar-stream";
import { findProductRoot } from "../../local-runtime/images/index.ts";
import { baseRecipe } from "../../local-runtime/images/recipes.ts";
import { builtImage, CACHE, connection, engine } from "./images-support.ts";

/** Folder with the gitleaks that tests run: the machine's own, else the base image's, which is built when missing. */
export async function gitleaksFolder(): Promise<string> {
  const own = (process.env["PATH"] ?? "").split(delimiter).find(hasGitleaks);
  if (own !== undefined) return own;
  const { reference } = await baseRecipe(findProductRoot());
  const folder = join(CACHE, "gitleaks", reference.replaceAll(/[/:]/g, "-"));
  if (!hasGitleaks(folder)) await copyOut(reference, folder);
  return folder;
}

function hasGitleaks(folder: string): boolean {
  try {
    accessSync(join(folder, "gitleaks"), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A test that is killed leaves no half of it under its name. */
async function copyOut(image: string, folder: string): Promise<void> {
  const signal = AbortSignal.timeout(540_000);
  if ((await engine.find(image, signal)) === undefined) await builtImage({ kind: "airlock" });
  const container = await connection.docker.createContainer({ Image: image, Cmd: ["true"] });
  try {
    const archive = await container.getArchive({ path: "/usr/bin/gitleaks" });
    const files = archive.pipe(extract());
    for await (const file of files) {
      mkdirSync(folder, { recursive: true });
      const unfinished = mkdtempSync(join(folder, "unfinished-"));
      writeFileSync(join(unfinished, "gitleaks"), await buffer(file), { mode: 0o755 });
      renameSync(join(unfinished, "gitleaks"), join(folder, "gitleaks"));
      rmSync(unfinished, { recursive: true });
    }
  } finally {
    await container.remove({ force: true, v: true });
  }
}
