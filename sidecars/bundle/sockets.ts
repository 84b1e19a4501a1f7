import { rmSync } from "node:fs";
import { join } from "node:path";

/** The sockets of the link by their file names; the airlock forwards a port to each. */
export const SOCKETS = {
  egress: "egress.sock",
  egressTls: "egress-tls.sock",
  egressHttp: "egress-http.sock",
  gitGate: "git-gate.sock",
  supervise: "supervise.sock",
  dns: "dns.sock",
} as const;

/** Path of a socket, free to be listened on: a killed process leaves its own behind. */
export function freshSocket(folder: string, name: string): string {
  const path = join(folder, name);
  rmSync(path, { force: true });
  return path;
}
