const LENGTH_BYTES = 4;
const MAX_PAYLOAD_BYTES = 65_516;

/** One line of git's protocol. */
export function pktLine(payload: string): Buffer {
  const bytes = Buffer.from(payload).subarray(0, MAX_PAYLOAD_BYTES);
  const length = (bytes.length + LENGTH_BYTES).toString(16).padStart(LENGTH_BYTES, "0");
  return Buffer.concat([Buffer.from(length), bytes]);
}

export const FLUSH = Buffer.from("0000");

/** The payload of a line that parts sections of protocol version 2. */
export const DELIMITER = Buffer.from("0001");

/** A line, or a flush when it has no payload, and where the next begins. */
export interface ReadLine {
  readonly payload?: Buffer;
  readonly end: number;
}

/** The whole lines at the start of `bytes`, one after the other. Throws on a length that is none. */
export function* pktLinesOf(bytes: Buffer): Generator<ReadLine> {
  let at = 0;
  while (bytes.length - at >= LENGTH_BYTES) {
    const text = bytes.toString("latin1", at, at + LENGTH_BYTES);
    const length = Number.parseInt(text, 16);
    if (!/^[0-9a-fA-F]{4}$/.test(text) || length === 2 || length === 3) throw new Error("not a pkt-line");
    const end = at + Math.max(length, LENGTH_BYTES);
    if (end > bytes.length) return;
    if (length === 0) yield { end };
    else yield { payload: length === 1 ? DELIMITER : bytes.subarray(at + LENGTH_BYTES, end), end };
    at = end;
  }
}
