/** A part of a frame, as far as it has arrived. */
export interface FramePart {
  readonly stream: "stdout" | "stderr";
  readonly bytes: Buffer;
  /** whether the frame ends with these bytes */
  readonly last: boolean;
}

const HEADER_BYTES = 8;
const STDERR = 2;

/**
 * Takes apart the one stream into which the engine puts stdout and stderr of a process without a terminal:
 * frames of a header (the stream's number, three zeros, the length) and as many bytes. Keeps at most a header.
 */
export class Demultiplexer {
  #header = Buffer.alloc(0);
  #missing = 0;

  *take(chunk: Buffer): Iterable<FramePart> {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#missing === 0) rest = this.#takeHeader(rest);
      if (this.#missing === 0 || rest.length === 0) continue;
      const bytes = rest.subarray(0, this.#missing);
      this.#missing -= bytes.length;
      rest = rest.subarray(bytes.length);
      yield { stream: this.#header[0] === STDERR ? "stderr" : "stdout", bytes, last: this.#missing === 0 };
    }
  }

  #takeHeader(chunk: Buffer): Buffer {
    const known = this.#header.length === HEADER_BYTES ? Buffer.alloc(0) : this.#header;
    const wanted = HEADER_BYTES - known.length;
    this.#header = Buffer.concat([known, chunk.subarray(0, wanted)]);
    if (this.#header.length === HEADER_BYTES) this.#missing = this.#header.readUInt32BE(4);
    return chunk.subarray(wanted);
  }
}
