/** Shannon entropy in bits a character. */
export function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

/** What the product gives agents in the place of a credential. */
const PLACEHOLDER = /^(?:egress-placeholder|bb-placeholder-[\w.-]*)$/;
const STAND_INS =
  /^(?:<.*|\$[{(\w].*|\{.*|%\(.*|%[A-Z_]+%|.*(?:placeholder|redacted|_here)|(?:my|the|a|an|your|some|test)?[-_ ]?(?:password|passwd|secret|token|pass)\d?|change[-_]?(?:me|it)|(?:your|my|insert|enter|replace|example|dummy|fake)[-_ ].*|x{4,}|\*{3,}|\.{3,}|null|undefined|none|true|false|string|required|optional)$/i;

/** Whether a value given for a password or a key is more than a stand-in such as `${TOKEN}` or `changeme`. */
export function isRealValue(value: string): boolean {
  return !PLACEHOLDER.test(value) && !STAND_INS.test(value) && new Set(value).size >= 4;
}

/** Whether a value looks random, as generated keys do and words do not. */
export const isRandomValue = (value: string): boolean => isRealValue(value) && entropyOf(value) >= 3;

/** Whether a value looks like a token: random, of letters and digits that do not stand apart as words and numbers do. */
export function isTokenValue(value: string): boolean {
  const letters = value.replace(/[^A-Za-z]/g, "").length;
  const digits = value.replace(/[^0-9]/g, "").length;
  if (digits < 1 || letters < 2 || !isRandomValue(value)) return false;
  // between words of a name a kind changes as well
  const turns = turnsOf(value.replace(/[-_./]/g, ""));
  return turns >= Math.max(3, value.length / 5) && !PATH_LIKE.test(value);
}

/** Whether a value looks chosen or made as a password: not one word of a kind, as names and descriptions are. */
export function isPasswordValue(value: string): boolean {
  if (!isRealValue(value)) return false;
  return /[0-9]/.test(value) && /[A-Za-z]/.test(value) && turnsOf(value) >= 2 && !PATH_LIKE.test(value);
}

/** names, paths, versions and calls in source code */
const PATH_LIKE = /^(?:[a-z]+:)?\/\/|^\.{0,2}\/|[({[\]})]|^[\w-]+(?:\.[A-Za-z_][\w-]*){2,}$|^v?\d+\.\d+\.\d+/;

/** How often a text goes from one kind of character to another: lower case, upper case, digits, the rest. */
function turnsOf(text: string): number {
  let turns = 0;
  for (let index = 1; index < text.length; index += 1) {
    const [before, after] = [kindOf(text.charCodeAt(index - 1)), kindOf(text.charCodeAt(index))];
    // a capital begins a word in camelCase
    if (before !== after && !(before === "upper" && after === "lower")) turns += 1;
  }
  return turns;
}

function kindOf(code: number): "lower" | "upper" | "digit" | "other" {
  if (code >= 0x61 && code <= 0x7a) return "lower";
  if (code >= 0x41 && code <= 0x5a) return "upper";
  return code >= 0x30 && code <= 0x39 ? "digit" : "other";
}
