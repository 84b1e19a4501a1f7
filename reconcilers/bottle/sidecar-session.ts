import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import {
  ControlAnswer,
  MAX_LINE_BYTES,
  type SidecarsConfiguration,
  type SidecarsReport,
} from "../../sidecars/wire/control.ts";
import { LineReader } from "./line-reader.ts";

/** What can be asked of the sidecars. */
export type SidecarsQuestion =
  | { readonly kind: "configure"; readonly configuration: SidecarsConfiguration }
  | { readonly kind: "report" }
  | { readonly kind: "wipe" };

/** The sidecars gave no answer in time, or the channel to them ended first. */
export class SidecarsSilentError extends Error {
  override readonly name = "SidecarsSilentError";
  /** whether the channel ended: another attach may get an answer */
  readonly channelEnded: boolean;
  constructor(message: string, channelEnded: boolean) {
    super(message);
    this.channelEnded = channelEnded;
  }
}

/** The sidecars answered that they will not do it. */
export class SidecarsRefusedError extends Error {
  override readonly name = "SidecarsRefusedError";
}

interface Waiting {
  readonly resolve: (report: SidecarsReport) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One attach to the control channel of one sidecars sandbox.
 *
 * Answers count only when they carry this session's id, an id that is waited
 * for, and a sequence above the last one; every other line is passed over.
 */
export class SidecarSession {
  readonly #id = randomUUID();
  readonly #stream: Duplex;
  readonly #waiting = new Map<number, Waiting>();
  #lastSequence = -1;
  #lastRequest = 0;
  #isOpen = true;

  constructor(stream: Duplex) {
    this.#stream = stream;
    const reader = new LineReader(MAX_LINE_BYTES, (line) => this.#take(line));
    stream.on("data", (chunk: Buffer) => {
      if (!reader.push(chunk)) this.close();
    });
    for (const event of ["end", "close", "error"]) stream.on(event, () => this.close());
    // ends what a client that was killed may have left in mid-line
    stream.write("\n");
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** throws SidecarsSilentError when `signal` ends first, SidecarsRefusedError */
  async ask(question: SidecarsQuestion, signal: AbortSignal): Promise<SidecarsReport> {
    const id = (this.#lastRequest += 1);
    const line = Buffer.from(`${JSON.stringify({ ...question, session: this.#id, id })}\n`);
    if (line.length > MAX_LINE_BYTES) throw new SidecarsRefusedError("the configuration is too long to send");
    const onAbort = (): void => this.#settle(id)?.reject(new SidecarsSilentError("no answer in time", false));
    try {
      return await new Promise<SidecarsReport>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        signal.addEventListener("abort", onAbort, { once: true });
        if (signal.aborted) onAbort();
        else if (this.#isOpen) this.#stream.write(line);
        else this.#endAll();
      });
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** detaches; the sandbox runs on and whoever waits is told */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#stream.destroy();
    this.#endAll();
  }

  #endAll(): void {
    for (const id of [...this.#waiting.keys()]) {
      this.#settle(id)?.reject(new SidecarsSilentError("the control channel ended", true));
    }
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #take(line: string): void {
    const answer = answerOf(line);
    if (answer?.session !== this.#id || answer.sequence <= this.#lastSequence) return;
    this.#lastSequence = answer.sequence;
    const waiting = this.#settle(answer.id);
    if (answer.kind === "report") waiting?.resolve(answer.report);
    else waiting?.reject(new SidecarsRefusedError(answer.message));
  }
}

function answerOf(line: string): ControlAnswer | undefined {
  try {
    return ControlAnswer.safeParse(JSON.parse(line)).data;
  } catch {
    // not JSON: half a line, or something that is not an answer
    return undefined;
  }
}
