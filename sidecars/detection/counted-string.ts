/** no string of fewer characters is a secret */
const SHORTEST = 8;

/**
 * Whether a string begins at `at` whose length stands before it as one byte, as protobuf, MessagePack and most binary
 * protocols write it: lengths from 48 to 122 are letters and digits, and none of what follows.
 */
export function isCounted(text: string, at: number): boolean {
  const length = text.charCodeAt(at - 1);
  if (at < 1 || length < SHORTEST || at + length > text.length) return false;
  // in a text this byte is a letter like any other, unless what it counts ends where the data goes on
  const isInData = isControl(text, at - 2) || isControl(text, at + length);
  return isInData && isPrinted(text, at, at + length);
}

function isPrinted(text: string, from: number, end: number): boolean {
  for (let at = from; at < end; at += 1) if (isControl(text, at)) return false;
  return true;
}

/** Whether no character of a text stands there: a control character, or the end of the data. */
function isControl(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  const isSpace = code === 0x09 || code === 0x0a || code === 0x0d;
  return !(code >= 0x20 && code !== 0x7f) && !isSpace;
}
