/** Bytes of a code point, as a Latin-1 string; what is none becomes nothing. */
export function fromCodePoint(digits: string, radix: number): string {
  const code = Number.parseInt(digits, radix);
  if (!(code <= 0x10ffff)) return "";
  return code < 0x80 ? String.fromCharCode(code) : Buffer.from(String.fromCodePoint(code)).toString("latin1");
}
