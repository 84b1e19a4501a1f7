/** Words of others as lines that change nothing on a terminal: no control characters, no changes of direction. */
export function plainText(text: string): string {
  return text.replaceAll("\r", "\n").replaceAll(/[^\P{C}\n\t]/gu, "?");
}
