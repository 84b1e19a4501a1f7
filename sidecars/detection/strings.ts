import { characterClass, runsOf } from "./runs.ts";

/** characters that are printed, in a row; a secret has more */
const SHORTEST = 12;
/** places at which a text is looked at */
const SAMPLES = 256;
/** of these, how many may be control characters: text has hardly any, in whatever language */
const MOST_CONTROLS = 0.03;

const PRINTABLE = characterClass(
  String.fromCharCode(9, 10, 13, ...Array.from({ length: 95 }, (_, at) => at + 0x20)),
);
/** NUL stands between the characters of UTF-16 */
const PRINTABLE_OR_NUL = PRINTABLE.with(0, 1);

/** Whether a text is no text of any encoding, as of images and of what is compressed or encrypted. */
export function isBinary(text: string): boolean {
  const stride = Math.max(1, Math.floor(text.length / SAMPLES));
  let [controls, seen] = [0, 0];
  for (let at = 0; at < text.length; at += stride) {
    const code = text.charCodeAt(at);
    // UTF-8 is made of all that is above
    if (code < 0x20 || code === 0x7f) controls += 1 - (PRINTABLE_OR_NUL[code] ?? 0);
    seen += 1;
  }
  return controls > seen * MOST_CONTROLS;
}

/** What is printed in a row in binary data, one a line: all of it that a reader finds there. */
export function stringsIn(bytes: Buffer): string {
  let strings = "";
  for (const [start, end] of runsOf(bytes, PRINTABLE_OR_NUL, SHORTEST)) {
    const run = bytes.toString("latin1", start, end);
    if (/[^\0]/.test(run)) strings += `${run}\n`;
  }
  return strings;
}
