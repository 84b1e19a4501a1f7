import { Transform, type TransformCallback } from "node:stream";
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from "node:zlib";
import { type Coding, isCoding } from "../../detection/inflate.ts";

/** most codings that an answer may be wrapped in */
const MAX_CODINGS = 3;

type Engine = Transform & { readonly bytesWritten: number };

// what is there is given out at once: an event must not wait for the next one
const NOW = { flush: constants.Z_SYNC_FLUSH };

const engines: Readonly<Record<Coding, (first: Buffer) => Engine>> = {
  gzip: () => createGunzip(NOW),
  "x-gzip": () => createGunzip(NOW),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress(),
  // without the zlib wrapper (RFC 1950 §2.2), as some servers send it
  deflate: (first) => (first.readUInt16BE() % 31 === 0 ? createInflate(NOW) : createInflateRaw(NOW)),
};

/** The codings of a body, in the order in which they were applied; undefined when one of them cannot be undone. */
export function codingsOf(contentEncoding: string): Coding[] | undefined {
  const names = contentEncoding
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "" && name !== "identity");
  return names.length <= MAX_CODINGS && names.every(isCoding) ? names : undefined;
}

/** Undoes one content coding of a body that streams. Ends in an error when the body is not whole. */
export class ContentDecoder extends Transform {
  readonly #coding: Coding;
  /** by which the engine is chosen; an empty body is one byte of brotli */
  readonly #leastBytes: number;
  #engine: Engine | undefined;
  #waiting: Buffer = Buffer.alloc(0);

  constructor(coding: Coding) {
    super();
    this.#coding = coding;
    this.#leastBytes = coding === "deflate" ? 2 : 1;
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    const bytes = this.#waiting.length === 0 ? chunk : Buffer.concat([this.#waiting, chunk]);
    this.#waiting = Buffer.alloc(0);
    if (this.#engine === undefined && bytes.length < this.#leastBytes) {
      this.#waiting = bytes;
      done();
    } else this.#feed(bytes, done);
  }

  override _flush(done: TransformCallback): void {
    if (this.#engine !== undefined) this.#engine.once("end", done).end();
    else done(this.#waiting.length === 0 ? null : new Error("cut off"));
  }

  override _read(size: number): void {
    this.#engine?.resume();
    super._read(size);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#engine?.destroy();
    done(error);
  }

  #feed(bytes: Buffer, done: TransformCallback): void {
    let engine: Engine;
    try {
      engine = this.#engine ??= this.#create(bytes);
    } catch (error) {
      // the second of several frames begins in a handler of the first one's
      return done(error as Error);
    }
    const before = engine.bytesWritten;
    engine.write(bytes, () => {
      const rest = bytes.subarray(engine.bytesWritten - before);
      if (rest.length === 0 || engine.destroyed) return done();
      // zstd may be several frames in a row, and the engine reads one
      this.#engine = undefined;
      if (engine.bytesWritten === before) done(new Error("goes on after its end"));
      else this._transform(rest, "buffer", done);
    });
  }

  #create(first: Buffer): Engine {
    const engine = engines[this.#coding](first);
    engine.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) engine.pause();
    });
    engine.on("error", (error) => this.destroy(error));
    return engine;
  }
}
