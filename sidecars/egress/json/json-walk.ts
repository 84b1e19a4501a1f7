import { type JsonPlace, type JsonRule, type JsonRules, plainKey } from "./json-rules.ts";

/** What a walk came upon: a rule that is broken, with the text that broke it if it is short and plain; or no JSON. */
export type WalkEnd =
  /** it is said to be written in a charset in which another reader may find something else */
  | { readonly kind: "charset" }
  | { readonly kind: "broken"; readonly rule: JsonRule; readonly text: string | undefined }
  | { readonly kind: "unreadable" };

const MOST_DEPTH = 512;
const MOST_KEY_BYTES = 4 * 1024;
const PLAIN_KEY = /^[a-z0-9]+$/;
const SCALAR = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;
const UNREADABLE: WalkEnd = { kind: "unreadable" };
const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

interface Level {
  readonly isList: boolean;
  readonly place: JsonPlace | undefined;
}

type Wanted = "value" | "firstItem" | "firstKey" | "key" | "colon" | "comma" | "end";

/**
 * Walks through JSON chunk by chunk and holds none of it, looking at the places
 * that rules are about. Every occurrence of a key counts, so of two equal ones
 * neither hides the other; escapes in keys are undone; a single value where a
 * list belongs counts as its item. Only strict JSON in UTF-8 is read: what
 * another parser might take for something else is unreadable.
 */
export class JsonWalk {
  readonly #levels: Level[] = [];
  readonly #mostTextBytes: number;
  readonly #missing: Set<JsonRule>;
  #wanted: Wanted = "value";
  /** of the value that is wanted next */
  #place: JsonPlace | undefined;
  #isInString = false;
  #isEscaped = false;
  /** of the string under way, when somebody asks for it */
  #text: string | undefined;
  #isKey = false;
  #scalar = "";

  /** `mostTextBytes`: of a text that a rule asks about; a longer one is unreadable. */
  constructor({ root, required }: JsonRules, mostTextBytes = MOST_KEY_BYTES) {
    this.#place = root;
    this.#mostTextBytes = mostTextBytes;
    this.#missing = new Set(required);
  }

  /** Undefined while nothing is wrong. */
  push(chunk: Uint8Array): WalkEnd | undefined {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let at = 0; at < bytes.length;) {
      if (this.#isInString) {
        at = this.#readString(bytes, at);
        if (this.#isInString) continue;
        const end = this.#endString();
        if (end !== undefined) return end;
        continue;
      }
      const end = this.#take(bytes[at]!);
      if (end !== undefined) return end;
      at += 1;
    }
    return undefined;
  }

  /** What is wrong with all of it, once all has come. */
  end(): WalkEnd | undefined {
    const end = this.#endScalar();
    if (end !== undefined) return end;
    if (this.#wanted !== "end") return UNREADABLE;
    const [rule] = this.#missing;
    return rule === undefined ? undefined : { kind: "broken", rule, text: undefined };
  }

  /** One byte outside of a string. */
  #take(byte: number): WalkEnd | undefined {
    const isSpace = byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
    if (!isSpace && isOfScalar(byte)) return this.#takeScalar(byte);
    const end = this.#endScalar();
    if (end !== undefined || isSpace) return end;
    return byte === QUOTE ? this.#beginString() : this.#takeMark(byte);
  }

  #takeMark(byte: number): WalkEnd | undefined {
    switch (byte) {
      case OPEN_LIST:
      case OPEN_OBJECT:
        return this.#open(byte === OPEN_LIST);
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        return this.#close(byte === CLOSE_LIST);
      case COMMA:
        return this.#comma();
      case COLON:
        if (this.#wanted !== "colon") return UNREADABLE;
        this.#wanted = "value";
        return undefined;
      default:
        return UNREADABLE;
    }
  }

  #takesValue(): boolean {
    return this.#wanted === "value" || this.#wanted === "firstItem";
  }

  #open(isList: boolean): WalkEnd | undefined {
    if (!this.#takesValue() || this.#levels.length >= MOST_DEPTH) return UNREADABLE;
    const place = isList ? this.#place : itemOf(this.#place);
    this.#levels.push({ isList, place });
    this.#wanted = isList ? "firstItem" : "firstKey";
    if (isList) this.#place = itemOf(place);
    const broken = isList ? undefined : place?.rules.find(isAnything);
    return broken === undefined ? undefined : { kind: "broken", rule: broken, text: undefined };
  }

  #close(isList: boolean): WalkEnd | undefined {
    const level = this.#levels.pop();
    const mayEnd = this.#wanted === "comma" || this.#wanted === (isList ? "firstItem" : "firstKey");
    if (level?.isList !== isList || !mayEnd) return UNREADABLE;
    this.#valueEnded();
    return undefined;
  }

  #comma(): WalkEnd | undefined {
    const level = this.#levels.at(-1);
    if (level === undefined || this.#wanted !== "comma") return UNREADABLE;
    this.#wanted = level.isList ? "value" : "key";
    if (level.isList) this.#place = itemOf(level.place);
    return undefined;
  }

  #valueEnded(): void {
    this.#wanted = this.#levels.length === 0 ? "end" : "comma";
  }

  #beginString(): WalkEnd | undefined {
    const isKey = this.#wanted === "key" || this.#wanted === "firstKey";
    if (!isKey && !this.#takesValue()) return UNREADABLE;
    this.#isKey = isKey;
    this.#isInString = true;
    const isAskedFor = isKey
      ? this.#levels.at(-1)?.place !== undefined
      : (itemOf(this.#place)?.rules.length ?? 0) > 0;
    this.#text = isAskedFor ? "" : undefined;
    return undefined;
  }

  /** Where the string goes on after this chunk, or ends. */
  #readString(bytes: Buffer, from: number): number {
    let at = from;
    if (this.#isEscaped) {
      this.#isEscaped = false;
      at += 1;
    }
    for (;;) {
      const quote = bytes.indexOf(QUOTE, at);
      const until = quote === -1 ? bytes.length : quote;
      const isEscape = endsInEscape(bytes, at, until);
      if (quote !== -1 && isEscape) {
        at = quote + 1;
        continue;
      }
      this.#isEscaped = isEscape;
      this.#isInString = quote === -1;
      this.#keep(bytes, from, until);
      return quote === -1 ? bytes.length : quote + 1;
    }
  }

  #keep(bytes: Buffer, from: number, until: number): void {
    if (this.#text === undefined || this.#text.length > this.#mostTextBytes) return;
    this.#text += bytes.toString("latin1", from, Math.min(until, from + this.#mostTextBytes + 1));
  }

  #endString(): WalkEnd | undefined {
    const raw = this.#text;
    if (this.#isKey) {
      this.#wanted = "colon";
      return this.#endKey(raw);
    }
    this.#valueEnded();
    if (raw === undefined) return undefined;
    const place = itemOf(this.#place);
    if (raw.length > this.#mostTextBytes) return tooLong(raw, place);
    const text = unescaped(raw);
    if (text === undefined) return UNREADABLE;
    for (const rule of place?.rules ?? []) this.#missing.delete(rule);
    return brokenBy(text, place);
  }

  #endKey(raw: string | undefined): WalkEnd | undefined {
    const place = this.#levels.at(-1)?.place;
    this.#place = undefined;
    if (raw === undefined || place === undefined) return undefined;
    if (raw.length > MOST_KEY_BYTES) return UNREADABLE;
    // most keys are plain, and need no undoing
    const key = PLAIN_KEY.test(raw) ? raw : unescaped(raw);
    return key === undefined ? UNREADABLE : this.#key(key, place);
  }

  #key(key: string, place: JsonPlace): WalkEnd | undefined {
    const plain = PLAIN_KEY.test(key) ? key : plainKey(key);
    this.#place = place.keys.get(plain);
    const rule = place.rules.find(({ only }) => only !== undefined && !only.includes(plain));
    return rule === undefined ? undefined : { kind: "broken", rule, text: shortened(key) };
  }

  #takeScalar(byte: number): WalkEnd | undefined {
    if (!this.#takesValue() && this.#scalar === "") return UNREADABLE;
    if (this.#scalar.length > MOST_KEY_BYTES) return UNREADABLE;
    this.#scalar += String.fromCharCode(byte);
    return undefined;
  }

  #endScalar(): WalkEnd | undefined {
    if (this.#scalar === "") return undefined;
    const scalar = this.#scalar;
    this.#scalar = "";
    if (!SCALAR.test(scalar)) return UNREADABLE;
    const place = itemOf(this.#place);
    this.#valueEnded();
    return scalar === "null" ? undefined : brokenBy(scalar, place);
  }
}

const isOfScalar = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) ||
  (byte >= 0x61 && byte <= 0x7a) ||
  byte === 0x2d ||
  byte === 0x2b ||
  byte === 0x2e ||
  byte === 0x45;

/** Whether an odd number of backslashes stands before `until`. */
function endsInEscape(bytes: Buffer, from: number, until: number): boolean {
  let count = 0;
  while (until - count > from && bytes[until - count - 1] === BACKSLASH) count += 1;
  return count % 2 === 1;
}

/** A single value where a list belongs is read as its one item by some. */
const itemOf = (place: JsonPlace | undefined): JsonPlace | undefined => place?.items ?? place;

const isAnything = ({ unless, when, only }: JsonRule): boolean =>
  unless === undefined && when === undefined && only === undefined;

function brokenBy(text: string, place: JsonPlace | undefined): WalkEnd | undefined {
  const rule = place?.rules.find(
    (each) =>
      isAnything(each) ||
      (each.unless !== undefined && !each.unless.test(text)) ||
      each.when?.test(text) === true,
  );
  return rule === undefined ? undefined : { kind: "broken", rule, text: shortened(text) };
}

/** A rule that asks how a text begins is answered all the same: data of images is long. */
function tooLong(beginning: string, place: JsonPlace | undefined): WalkEnd | undefined {
  const isFine = place?.rules.every(({ unless }) => unless?.source.startsWith("^data:") === true);
  return isFine === true ? brokenBy(beginning, place) : UNREADABLE;
}

/** Undefined when the bytes are no UTF-8, or an escape is none. */
function unescaped(raw: string): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      Buffer.from(raw, "latin1"),
    );
    return JSON.parse(`"${text}"`) as string;
  } catch {
    // who would read it otherwise is not asked
    return undefined;
  }
}

/** What an agent wrote is repeated when it is a plain word only. */
const shortened = (text: string): string | undefined => (/^[\w.:-]{1,48}$/.test(text) ? text : undefined);
