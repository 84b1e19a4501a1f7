import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";

/** A service of the host on every one of its addresses, TCP and UDP on one port, that notes who speaks to it. */
export interface HostService {
  readonly port: number;
  /** what arrived */
  readonly heard: string[];
  close(): Promise<void>;
}

export async function startHostService(): Promise<HostService> {
  const heard: string[] = [];
  const tcp = createServer((socket) => {
    heard.push(`connection from ${socket.remoteAddress}`);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      heard.push(String(chunk));
      socket.end("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhost\n");
    });
  }).listen(0, "::");
  await once(tcp, "listening");
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket("udp6", (message) => heard.push(String(message)));
  udp.bind(port, "::");
  await once(udp, "listening");
  return {
    port,
    heard,
    close: async () => {
      udp.close();
      tcp.close();
    },
  };
}

/** Every address that the host has now, loopback and Docker's bridges included. */
export const hostAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flat()
    .filter((entry) => entry !== undefined)
    .map(({ address, scopeid }) => (scopeid ? `${address}%${scopeid}` : address));
