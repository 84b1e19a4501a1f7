import type { LogLine } from "../../reconcilers/contract/sandbox-exec.ts";
import { Demultiplexer } from "./demultiplexer.ts";

/** Characters after which a line without an end is given out as it is. */
const LINE_LIMIT = 256 * 1024;

interface OpenLine {
  time: Date;
  text: string;
}

/**
 * Makes lines of an engine's log with timestamps.
 *
 * A frame is a message: its time, a space, text. The engine cuts long lines into several messages, each with a time of
 * its own and only the last with a line end.
 */
export class LogLines {
  readonly #demultiplexer = new Demultiplexer();
  #frame: Buffer[] = [];
  readonly #open = new Map<LogLine["stream"], OpenLine>();

  *take(chunk: Buffer): Iterable<LogLine> {
    for (const { stream, bytes, last } of this.#demultiplexer.take(chunk)) {
      this.#frame.push(bytes);
      if (!last) continue;
      const message = Buffer.concat(this.#frame).toString();
      this.#frame = [];
      yield* this.#takeMessage(stream, message);
    }
  }

  /** lines that had no end when the log ended */
  *rest(): Iterable<LogLine> {
    for (const [stream, { time, text }] of this.#open) yield { time, stream, text };
    this.#open.clear();
  }

  *#takeMessage(stream: LogLine["stream"], message: string): Iterable<LogLine> {
    const space = message.indexOf(" ");
    const line = this.#open.get(stream) ?? { time: new Date(message.slice(0, space)), text: "" };
    line.text += message.slice(space + 1);
    const ended = line.text.endsWith("\n");
    if (!ended && line.text.length < LINE_LIMIT) return void this.#open.set(stream, line);
    this.#open.delete(stream);
    yield { time: line.time, stream, text: ended ? line.text.slice(0, -1) : line.text };
  }
}
