import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { CliError, usageError } from "../cli-error.ts";

/** Text that objects are read from, and how a person calls it. */
export interface ManifestSource {
  readonly name: string;
  readonly text: string;
}

/** What `-f` names: files, folders (their .yaml, .yml and .json files by name), and `-` for stdin. Throws CliError. */
export async function readSources(paths: readonly string[], stdin: Readable): Promise<ManifestSource[]> {
  if (paths.length === 0) throw usageError("nothing to read", "bb apply -f FILE | FOLDER | -");
  const sources: ManifestSource[] = [];
  for (const path of paths) {
    if (path === "-") sources.push({ name: "stdin", text: await readAll(stdin) });
    else for (const file of filesAt(path)) sources.push({ name: file, text: readFileSync(file, "utf8") });
  }
  return sources;
}

/** All that comes from a stream, as text. */
export async function readAll(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Buffer));
  return Buffer.concat(chunks).toString("utf8");
}

function filesAt(path: string): string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined)
    throw new CliError(`there is no file or folder ${path}`, { next: "check the path after -f" });
  if (!found.isDirectory()) return [path];
  const files = readdirSync(path)
    .filter((name) => /\.(ya?ml|json)$/.test(name))
    .toSorted()
    .map((name) => join(path, name));
  if (files.length === 0) throw new CliError(`${path} holds no .yaml, .yml or .json file`);
  return files;
}
