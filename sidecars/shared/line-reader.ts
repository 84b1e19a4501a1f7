const NEWLINE = 0x0a;

/**
 * Cuts a byte stream into lines. A line beyond `maxBytes` is passed over whole,
 * so that a sender cannot make the reader hold more than that.
 */
export class LineReader {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #length = 0;
  #isSkipping = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that end in this chunk, without their ends; empty ones are left out. */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let rest = chunk;
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
      this.#take(rest.subarray(0, end));
      const line = this.#finish();
      if (line !== undefined && line.trim() !== "") lines.push(line);
      rest = rest.subarray(end + 1);
    }
    this.#take(rest);
    return lines;
  }

  #take(part: Buffer): void {
    this.#length += part.length;
    if (this.#length > this.#maxBytes) this.#isSkipping = true;
    if (this.#isSkipping) this.#parts = [];
    else if (part.length > 0) this.#parts.push(part);
  }

  #finish(): string | undefined {
    const line = this.#isSkipping ? undefined : Buffer.concat(this.#parts).toString("utf8");
    this.#parts = [];
    this.#length = 0;
    this.#isSkipping = false;
    return line;
  }
}
