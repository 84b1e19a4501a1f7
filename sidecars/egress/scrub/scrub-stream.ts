import type { Found, PatternTable } from "./pattern-table.ts";

/** What was taken out of one answer so far. */
export interface ScrubAccount {
  count: number;
  /** of the first */
  rule: string | undefined;
}

const CONTEXT = 2;
const NOTHING = Buffer.alloc(0);

/** The same for bytes that are all there is: a field, a message. */
export function scrubbedWhole(bytes: Buffer, table: PatternTable, account: ScrubAccount): Buffer {
  const stream = new ScrubStream(table, account);
  return Buffer.concat([stream.push(bytes), stream.end()]);
}

/**
 * Replaces, in bytes that come piece by piece, what must not reach the agent.
 * Of each piece only what may be the beginning of such a text is held back
 * until the next one comes.
 */
export class ScrubStream {
  readonly #table: PatternTable;
  readonly #account: ScrubAccount;
  /** what is held back, and before it what was passed on and may belong to what comes */
  #kept: Buffer = NOTHING;
  /** how much of `#kept` was passed on, or replaced */
  #passed = 0;
  /** how much of `#kept` was replaced */
  #replaced = 0;

  constructor(table: PatternTable, account: ScrubAccount) {
    this.#table = table;
    this.#account = account;
  }

  /** What of the bytes so far may be passed on. */
  push(chunk: Buffer): Buffer {
    return this.#scrub(chunk, false);
  }

  /** What was held back. */
  end(): Buffer {
    return this.#scrub(NOTHING, true);
  }

  #scrub(chunk: Buffer, isLast: boolean): Buffer {
    const bytes = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
    const output: Uint8Array[] = [];
    // some of what was passed on stays: what stands before a text tells where it begins
    let [keepFrom, holdFrom] = [bytes.length, bytes.length];
    this.#table.search(bytes, isLast, (found) => {
      if (found.match.kind === "match") {
        this.#replace(found, bytes, output);
        return true;
      }
      keepFrom = Math.min(keepFrom, found.match.start);
      holdFrom = found.match.holdFrom;
      return holdFrom >= bytes.length;
    });
    const passUpTo = Math.max(holdFrom, this.#passed);
    if (passUpTo > this.#passed) output.push(bytes.subarray(this.#passed, passUpTo));
    this.#keep(bytes, Math.max(0, Math.min(keepFrom, holdFrom) - CONTEXT), passUpTo);
    return output.length === 1 ? (output[0] as Buffer) : Buffer.concat(output);
  }

  #replace({ pattern, match }: Found, bytes: Buffer, output: Uint8Array[]): void {
    if (match.kind !== "match" || match.end <= this.#passed) return;
    if (match.start > this.#passed) output.push(bytes.subarray(this.#passed, match.start));
    // what overlaps the one before it goes without a replacement of its own
    if (match.start >= this.#replaced) {
      output.push(pattern.replacement(match));
      this.#account.count += 1;
      this.#account.rule ??= pattern.rule;
    }
    this.#passed = match.end;
    this.#replaced = match.end;
  }

  #keep(bytes: Buffer, from: number, passed: number): void {
    this.#kept = bytes.subarray(from);
    this.#passed = passed - from;
    this.#replaced = Math.max(0, this.#replaced - from);
  }
}
