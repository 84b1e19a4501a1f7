import { readPrivateFile, replacePrivateFile } from "./private-file.ts";

/** The port of last time; undefined the first time. */
export async function recallPort(path: string): Promise<number | undefined> {
  const stored = await readPrivateFile(path);
  return stored !== undefined && /^\d{1,5}$/.test(stored) ? Number(stored) : undefined;
}

/** Keeps the port, so that kubeconfigs that were copied stay right over a restart. */
export async function rememberPort(path: string, port: number): Promise<void> {
  await replacePrivateFile(path, String(port));
}
