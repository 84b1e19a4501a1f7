import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { replacePrivateFile } from "./private-file.ts";

/** Where each thing lies in the state folder. */
export const STATE_FILES = {
  instance: "instance",
  /** a database whose lock is what keeps a second controller out */
  lock: "lock.db",
  /** process that has, or had, the lock */
  holder: "lock.pid",
  connection: "control-plane.json",
  kubeconfig: "kubeconfig",
  log: "control-plane.log",
  tls: "tls",
  certificateAuthorities: "ca",
  audit: "audit",
} as const;

/** What a client needs to reach the control plane; written when it answers, 0600. */
export interface Connection {
  readonly url: string;
  readonly token: string;
  readonly caPem: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly version: string;
  readonly runtime: string;
}

/** undefined when no control plane has written one, or when it cannot be read as one. */
export function readConnection(stateDir: string): Connection | undefined {
  let text: string;
  try {
    text = readFileSync(join(stateDir, STATE_FILES.connection), "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as Connection;
  } catch {
    return undefined; // cut off by a full disk: the same as none, a start writes it anew
  }
}

/** Writes the file whole or not at all. */
export function writeConnection(stateDir: string, connection: Connection): void {
  replacePrivateFile(join(stateDir, STATE_FILES.connection), JSON.stringify(connection));
}

/** Succeeds when there is none. */
export function removeConnection(stateDir: string): void {
  rmSync(join(stateDir, STATE_FILES.connection), { force: true });
}

/** Whether an error of node:fs says that the file is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
