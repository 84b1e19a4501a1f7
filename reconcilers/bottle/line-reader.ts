const NEWLINE = 0x0a;

/**
 * Cuts a byte stream into lines of at most `maxBytes`. A longer line is not
 * delivered and not kept: `push` returns false and the stream should be ended.
 */
export class LineReader {
  readonly #maxBytes: number;
  readonly #onLine: (line: string) => void;
  #rest: Buffer[] = [];
  #restBytes = 0;

  constructor(maxBytes: number, onLine: (line: string) => void) {
    this.#maxBytes = maxBytes;
    this.#onLine = onLine;
  }

  push(chunk: Buffer): boolean {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      if (!this.#keep(chunk.subarray(start, end))) return false;
      this.#deliver();
      start = end + 1;
    }
    return this.#keep(chunk.subarray(start));
  }

  #keep(part: Buffer): boolean {
    this.#restBytes += part.length;
    if (this.#restBytes > this.#maxBytes) return false;
    if (part.length > 0) this.#rest.push(part);
    return true;
  }

  #deliver(): void {
    const line = Buffer.concat(this.#rest).toString("utf8");
    this.#rest = [];
    this.#restBytes = 0;
    if (line !== "") this.#onLine(line);
  }
}
