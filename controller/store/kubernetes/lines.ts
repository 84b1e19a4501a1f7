import { ApiUnavailableError } from "../../../reconcilers/contract/errors.ts";

/** The longest line that is taken; the largest object an API server stores is 3 MiB. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** The lines of a stream. Throws ApiUnavailableError when it ends within one: half an event is none. */
export async function* linesOf(pieces: AsyncIterable<Buffer>): AsyncGenerator<string, void> {
  let held: Buffer[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    let start = 0;
    for (let end = piece.indexOf(10); end !== -1; end = piece.indexOf(10, start)) {
      const line = Buffer.concat([...held, piece.subarray(start, end)]).toString("utf8");
      held = [];
      bytes = 0;
      start = end + 1;
      if (line.trim() !== "") yield line;
    }
    held.push(piece.subarray(start));
    bytes += piece.length - start;
    if (bytes > MAX_LINE_BYTES) throw new ApiUnavailableError("the API server sent a line without an end");
  }
  if (bytes > 0) throw new ApiUnavailableError("the API server's stream ended within a line");
}
