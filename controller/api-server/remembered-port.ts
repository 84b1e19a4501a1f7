import { readPrivateFile, replacePrivateFile } from "../private-file.ts";

/** The port of last time; undefined the first time. */
export function recallPort(path: string): number | undefined {
  const stored = readPrivateFile(path);
  return stored !== undefined && /^\d{1,5}$/.test(stored) ? Number(stored) : undefined;
}

/** Keeps the port, so that kubeconfigs that were copied stay right over a restart. */
export function rememberPort(path: string, port: number): void {
  replacePrivateFile(path, String(port));
}
