/** Words of others as lines that change nothing on a terminal: no control characters, no changes of direction. */
export function plainText(text: string): string {
  return text.replaceAll("\r", "\n").replaceAll(/[^\P{C}\n\t]/gu, "?");
}

/** The same on one line, and not longer than `most` characters. */
export function plainLine(text: string, most: number): string {
  return plainText(text).replaceAll(/\s+/g, " ").trim().slice(0, most);
}
