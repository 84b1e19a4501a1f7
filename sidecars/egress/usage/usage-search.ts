/** Tokens of a model, as its provider counts them. */
export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

const KEY = /"usage(?:Metadata)?"\s*:\s*\{/g;
/** of a key that may go on in the next chunk, with the spaces around its colon */
const LONGEST_KEY = 64;
/** what is longer is no account of tokens */
const LONGEST_OBJECT = 8 * 1024;

/** What Anthropic, OpenAI, Google and Bedrock call what went in. What a cache gave is counted apart where it is named here. */
const INPUT =
  /"(?:input_tokens|cache_creation_input_tokens|cache_read_input_tokens|prompt_tokens|promptTokenCount|toolUsePromptTokenCount|inputTokens|cacheReadInputTokens|cacheWriteInputTokens)"\s*:\s*(\d{1,12})/g;
const OUTPUT =
  /"(?:output_tokens|completion_tokens|candidatesTokenCount|thoughtsTokenCount|responseTokenCount|outputTokens)"\s*:\s*(\d{1,12})/g;

/**
 * Finds providers' accounts of tokens in JSON, SSE and messages as they pass:
 * every object under a key `usage` or `usageMetadata`. Holds at most one such
 * object that is not whole yet. A quote within a JSON string is escaped, so
 * what a model wrote is never taken for one.
 */
export class UsageSearch {
  #held = "";

  /** The accounts that came to their end with this chunk, in order. */
  push(chunk: Uint8Array): TokenUsage[] {
    const text =
      this.#held + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("latin1");
    const found: TokenUsage[] = [];
    let from = 0;
    KEY.lastIndex = 0;
    for (let match = KEY.exec(text); match !== null; match = KEY.exec(text)) {
      const start = KEY.lastIndex - 1;
      const end = text[match.index - 1] === "\\" ? start : endOfObject(text, start);
      if (end === undefined) {
        this.#held = text.slice(match.index);
        return found;
      }
      if (end > start) found.push(countsIn(text.slice(start, end)));
      from = KEY.lastIndex = Math.max(end, KEY.lastIndex);
    }
    this.#held = text.slice(Math.max(from, text.length - LONGEST_KEY));
    return found;
  }
}

/** Where the object ends that begins at `start`; `start` when it is too long; undefined when more has to come. */
function endOfObject(text: string, start: number): number | undefined {
  const limit = Math.min(text.length, start + LONGEST_OBJECT);
  let depth = 0;
  let isInString = false;
  for (let at = start; at < limit; at += 1) {
    const character = text[at];
    if (character === "\\") at += 1;
    else if (character === '"') isInString = !isInString;
    else if (isInString) continue;
    else if (character === "{") depth += 1;
    else if (character === "}" && --depth === 0) return at + 1;
  }
  return limit < text.length ? start : undefined;
}

/** Objects within, such as details of what a cache gave, count the same tokens again. */
function countsIn(object: string): TokenUsage {
  let flat = object.slice(1, -1);
  for (let inner = flat; ; flat = inner) {
    inner = flat.replace(/\{[^{}]*\}/g, "0");
    if (inner === flat) break;
  }
  return { inputTokens: sumOf(flat, INPUT), outputTokens: sumOf(flat, OUTPUT) };
}

function sumOf(text: string, pattern: RegExp): number {
  let sum = 0;
  for (const [, digits] of text.matchAll(pattern)) sum += Number(digits);
  return sum;
}
