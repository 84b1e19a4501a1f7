import type { Answer } from "../agent/agent-stream.ts";
import type { UpstreamFailure } from "../upstream/failure.ts";
import { codingsOf, ContentDecoder } from "./content-decoder.ts";
import type { PatternTable } from "./pattern-table.ts";
import { type ScrubAccount, scrubbedWhole, ScrubStream } from "./scrub-stream.ts";
import { fieldOf, scrubbedFields } from "./scrubbed-fields.ts";

const BODILESS: ReadonlySet<number> = new Set([101, 204, 304]);

interface ScrubbedAnswerParts {
  readonly to: Answer;
  readonly table: PatternTable;
  readonly account: ScrubAccount;
  /** whether the request was HEAD, whose answer has no body */
  readonly isHead: boolean;
  /** called when the answer cannot be searched: it is to go no further */
  onRefused(): void;
}

/**
 * Replaces what must not reach the agent in status, fields, body and trailers
 * of an answer, as they pass. A content coding is undone for that, and stays
 * undone. What cannot be searched is refused.
 */
export class ScrubbedAnswer implements Answer {
  readonly #parts: ScrubbedAnswerParts;
  readonly #stream: ScrubStream;
  /** that of the outermost coding first */
  #decoders: readonly ContentDecoder[] = [];
  #failure: UpstreamFailure | undefined;
  #trailers: readonly string[] = [];
  #finish: () => void = () => undefined;
  readonly #finished: Promise<void>;

  constructor(parts: ScrubbedAnswerParts) {
    this.#parts = parts;
    this.#stream = new ScrubStream(parts.table, parts.account);
    this.#finished = new Promise((resolve) => (this.#finish = resolve));
  }

  get hasStarted(): boolean {
    return this.#parts.to.hasStarted;
  }

  /** Why the answer was not passed on, or not whole. */
  get failure(): UpstreamFailure | undefined {
    return this.#failure;
  }

  /** Settles when everything that came of the answer has been decoded. */
  async decoded(): Promise<void> {
    if (this.#decoders.length > 0) await this.#finished;
  }

  start(status: number, headers: readonly string[], reason?: string): void {
    if (status === 206) return this.#refuse("UpstreamAnswerPartial");
    const hasBody = !this.#parts.isHead && !BODILESS.has(status);
    const codings = codingsOf(fieldOf(headers, "content-encoding"));
    if (codings === undefined && hasBody) return this.#refuse("UpstreamCodingUnknown");
    const isDecoded = codings === undefined || codings.length > 0;
    if (hasBody && codings !== undefined)
      this.#decode(codings.toReversed().map((coding) => new ContentDecoder(coding)));
    this.#parts.to.start(
      status,
      this.#scrubbedAll(scrubbedFields(headers, { hasBody, isDecoded })),
      reason === undefined ? undefined : this.#scrubbed(reason),
    );
  }

  write(chunk: Buffer): boolean {
    if (this.#failure !== undefined) return true;
    return this.#decoders[0]?.write(chunk) ?? this.#pass(this.#stream.push(chunk));
  }

  onDrain(act: () => void): void {
    const [decoder] = this.#decoders;
    if (decoder === undefined) this.#parts.to.onDrain(act);
    else decoder.once("drain", act);
  }

  end(trailers: readonly string[] = []): void {
    if (this.#failure !== undefined) return;
    this.#trailers = trailers;
    const [decoder] = this.#decoders;
    if (decoder === undefined) this.#end();
    else decoder.end();
  }

  abort(code?: number): void {
    for (const decoder of this.#decoders) decoder.destroy();
    this.#parts.to.abort(code);
    this.#finish();
  }

  #decode(decoders: readonly ContentDecoder[]): void {
    const last = decoders.reduce<ContentDecoder | undefined>(
      (before, next) => before?.pipe(next) ?? next,
      undefined,
    );
    if (last === undefined) return;
    this.#decoders = decoders;
    last.on("data", (chunk: Buffer) =>
      this.#guard(() => {
        if (this.#pass(this.#stream.push(chunk))) return;
        last.pause();
        this.#parts.to.onDrain(() => last.resume());
      }),
    );
    last.on("end", () => this.#guard(() => this.#end()));
    for (const decoder of decoders) decoder.on("error", () => this.#refuse("UpstreamCodingBroken"));
  }

  /** What is thrown here breaks the answer off; in a handler of node's it would end the process. */
  #guard(pass: () => void): void {
    try {
      pass();
    } catch {
      this.#refuse("UpstreamFailed");
    }
  }

  #end(): void {
    this.#pass(this.#stream.end());
    this.#parts.to.end(this.#scrubbedAll(this.#trailers));
    this.#finish();
  }

  #pass(bytes: Buffer): boolean {
    return bytes.length === 0 || this.#parts.to.write(bytes);
  }

  #refuse(failure: UpstreamFailure): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    if (this.#parts.to.hasStarted) this.abort();
    this.#finish();
    this.#parts.onRefused();
  }

  /** Names and values alike. Most fields hold nothing, so they are searched together first. */
  #scrubbedAll(fields: readonly string[]): string[] {
    const together: ScrubAccount = { count: 0, rule: undefined };
    this.#scrubbed(fields.join("\n"), together);
    return together.count === 0 ? [...fields] : fields.map((field) => this.#scrubbed(field));
  }

  #scrubbed(text: string, account = this.#parts.account): string {
    return scrubbedWhole(Buffer.from(text, "latin1"), this.#parts.table, account).toString("latin1");
  }
}
