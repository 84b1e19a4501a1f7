/** Shannon entropy in bits a character. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

const STAND_INS =
  /^(?:<.*|\$\{.*|\{\{.*|%\(.*|.*placeholder.*|change[-_]?me|your[-_].*|x{4,}|\*{4,}|\.{3,}|null|undefined|none|true|false)$/i;

/** Whether a value given for a password or a key is more than a stand-in such as `${TOKEN}` or `changeme`. */
export function isRealValue(value: string): boolean {
  return !STAND_INS.test(value) && new Set(value).size >= 4;
}

/** Whether a value looks random, as generated keys do and words do not. */
export const isRandomValue = (value: string): boolean => isRealValue(value) && entropyOf(value) >= 3.3;
