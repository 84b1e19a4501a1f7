import type { Denial } from "../denial.ts";

const HTTP2_PREFACE = "PRI * HTTP/2.0\r\n";
const HTTP_1_1_REQUIRED = 0x0d;
const REQUEST_LINE = /^[!-~]+ [!-~]+ HTTP\//;

/** What is refused of a client that speaks no HTTP/1.1, and how that is said in its own protocol. */
export interface ForeignProtocol {
  readonly denial: Denial;
  /** undefined when its protocol is not known: HTTP has to do */
  readonly answer?: Buffer;
}

/** Tells by the first bytes what a client speaks that came for HTTP/1.1; undefined when it is HTTP, and malformed. */
export function foreignProtocolOf(first: Buffer, isInTunnel: boolean): ForeignProtocol | undefined {
  const text = first.subarray(0, 4096).toString("latin1");
  if (text.startsWith(HTTP2_PREFACE)) {
    const because = "HTTP/2 is spoken inside of TLS, where it is agreed on, and not in the clear";
    return { denial: { code: "Http2NeedsTls", because }, answer: goAway(because) };
  }
  if (isInTunnel && !REQUEST_LINE.test(text)) {
    return {
      denial: { code: "TlsRequired", because: "what came through the tunnel is neither TLS nor HTTP" },
    };
  }
  const denial = { code: "SocksRefused", because: "this is an HTTP proxy, and SOCKS is not spoken" } as const;
  // no method of authentication is acceptable (RFC 1928, 3); the request is rejected
  if (first[0] === 0x05) return { denial, answer: Buffer.from([0x05, 0xff]) };
  if (first[0] === 0x04) return { denial, answer: Buffer.from([0, 0x5b, 0, 0, 0, 0, 0, 0]) };
  return undefined;
}

/** Settings, with which every side begins, and the end of the session with its reason (RFC 9113, 6.8). */
function goAway(because: string): Buffer {
  const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
  const head = Buffer.alloc(17);
  head.writeUIntBE(8 + because.length, 0, 3);
  head[3] = 7;
  head.writeUInt32BE(HTTP_1_1_REQUIRED, 13);
  return Buffer.concat([settings, head, Buffer.from(because, "latin1")]);
}
