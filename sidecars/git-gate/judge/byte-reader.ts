const NEWLINE = 0x0a;
/** no header that git writes is longer */
const LONGEST_LINE = 4096;

/** Takes lines and counted bytes from a stream, each time as much as is asked for. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);
  #place: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** The next line without its end; an error when the stream ends or goes on without one. */
  async line(): Promise<string> {
    let end = this.#held.indexOf(NEWLINE);
    while (end === -1) {
      if (this.#held.length > LONGEST_LINE) throw new Error("a line without an end");
      this.#held = Buffer.concat([this.#held, await this.#next()]);
      end = this.#held.indexOf(NEWLINE);
    }
    const line = this.#held.toString("latin1", 0, end);
    this.#held = this.#held.subarray(end + 1);
    return line;
  }

  /**
   * The next `count` bytes; an error when the stream ends before. They are valid until bytes are asked for again: large
   * ones come in one place, which is used again and again.
   */
  async bytes(count: number): Promise<Buffer> {
    if (this.#held.length >= count) return this.#take(count);
    if (this.#place.length < count) this.#place = Buffer.allocUnsafeSlow(count);
    let length = this.#held.copy(this.#place);
    while (length < count) {
      this.#held = await this.#next();
      const part = this.#take(Math.min(count - length, this.#held.length));
      length += part.copy(this.#place, length);
    }
    return this.#place.subarray(0, count);
  }

  /** Passes over the next `count` bytes, however many they are; an error when the stream ends before. */
  async skip(count: number): Promise<void> {
    let left = count;
    while (left > this.#held.length) {
      left -= this.#held.length;
      this.#held = await this.#next();
    }
    this.#take(left);
  }

  #take(count: number): Buffer {
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }

  /** Waits for the stream's own end; an error when it goes on or fails. */
  async end(): Promise<void> {
    const { done } = await this.#chunks.next();
    if (done !== true || this.#held.length > 0) throw new Error("more was said than asked for");
  }

  /** Lets go of the stream, which ends what writes it. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #next(): Promise<Buffer> {
    const { done, value } = await this.#chunks.next();
    if (done === true) throw new Error("the stream ended early");
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
}
