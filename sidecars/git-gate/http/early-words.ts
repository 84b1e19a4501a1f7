import type { ServerResponse } from "node:http";
import { plainText } from "../plain-text.ts";
import { pktLine } from "./pkt-line.ts";

/** the band that a client shows and does not read */
const PROGRESS = "\x02";
const LONGEST = 200;

/**
 * Words to a client that asked for objects, before git answers: it shows them as `remote: …` while it waits. Only for
 * who asked for every line of the answer in bands (`sideband-all` of gitprotocol-v2).
 */
export class EarlyWords {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /** A line that the next replaces. Passed over when the client does not read. */
  say(words: string): void {
    if (this.#response.writableNeedDrain || this.#response.destroyed) return;
    this.#begin();
    this.#response.write(pktLine(`${PROGRESS}git-gate: ${plainText(words).slice(0, LONGEST)}\r`));
  }

  /** Ends the answer: the client ends with these words. */
  refuse(message: string): void {
    this.#begin();
    this.#response.end(pktLine(`ERR ${plainText(message)}`));
  }

  #begin(): void {
    if (this.#response.headersSent) return;
    const type = "application/x-git-upload-pack-result";
    this.#response.writeHead(200, { "content-type": type, "cache-control": "no-cache" });
  }
}
