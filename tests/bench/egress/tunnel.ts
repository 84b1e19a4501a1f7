import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";

/** Where a client's connection leads. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** undefined: directly to the port on loopback */
  readonly proxyPort: number | undefined;
  readonly ca: string;
}

/** A TLS connection to a host, through CONNECT where there is a proxy. Throws what the proxy says when it refuses. */
export async function openTls(target: Target, protocol: "http/1.1" | "h2" = "http/1.1"): Promise<TLSSocket> {
  const socket = connectTcp({ host: "127.0.0.1", port: target.proxyPort ?? target.port, noDelay: true });
  await once(socket, "connect");
  if (target.proxyPort !== undefined) {
    const authority = `${target.host}:${target.port}`;
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
    const [answer] = (await once(socket, "data")) as [Buffer];
    if (!/^HTTP\/1\.[01] 200/.test(answer.toString("latin1")))
      throw new Error(`CONNECT: ${answer.toString()}`);
  }
  const options = { socket, servername: target.host, ca: target.ca, ALPNProtocols: [protocol] };
  const tls = connectTls(options);
  await once(tls, "secureConnect");
  return tls;
}
