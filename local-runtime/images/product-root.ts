import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder that the product's Dockerfiles and programs are found from: the one with package.json above this file. */
export function findProductRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) {
    if (folder === dirname(folder)) throw new Error(`no package.json above ${import.meta.dirname}`);
    folder = dirname(folder);
  }
  return folder;
}
