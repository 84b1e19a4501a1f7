import { createServer } from "node:tls";
import { createCertificateAuthority } from "../../sidecars/egress/certificates/authority.ts";
import { LeafCertificates } from "../../sidecars/egress/certificates/leaves.ts";

/**
 * An upstream that costs as little as can be, so that the proxies are what is
 * measured: answers every request with the same small body. Argument: its host.
 * Prints one line of JSON with its port and its CA.
 */

const host = process.argv[2] ?? "bench.example.com";
const BODY = JSON.stringify({ ok: true, padding: "x".repeat(200) });
const ANSWER = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
);
const authority = createCertificateAuthority({ commonName: "bench upstream", now: new Date(), days: 1 });
const context = new LeafCertificates(authority).contextFor(host);

const server = createServer(
  { SNICallback: (_name, done) => done(null, context), noDelay: true },
  (socket) => {
    let pending = 0;
    let head = "";
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      if (pending > 0) {
        pending -= chunk.length;
      } else {
        head += chunk.toString("latin1");
        const end = head.indexOf("\r\n\r\n");
        if (end === -1) return;
        const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head.slice(0, end))?.[1] ?? 0);
        pending = length - (head.length - end - 4);
        head = "";
      }
      if (pending === 0) socket.write(ANSWER);
    });
  },
);
server.listen(0, "127.0.0.1", () => {
  const address = server.address() as { port: number };
  process.stdout.write(`${JSON.stringify({ port: address.port, ca: authority.certificatePem })}\n`);
});
