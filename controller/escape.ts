/** C0 but tab and line feed, DEL, C1, the marks that reorder text, and line separators. */
const UNSAFE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/gu;

/**
 * Text that came from a bottle, safe for a terminal: what could move the cursor, change the screen, write the
 * clipboard or reorder what is read is shown as `\u001b`. Tabs and line feeds stay.
 */
export function escapeUntrusted(text: string): string {
  return text.replace(UNSAFE, escapeSequence);
}

/** The same for one line: tabs and line feeds are shown, too. */
export function escapeLine(text: string): string {
  return escapeUntrusted(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/** JSON text in which nothing is left raw that a terminal would act upon; it reads back as the same value. */
export function escapeJson(json: string): string {
  return escapeUntrusted(json);
}

function escapeSequence(character: string): string {
  return Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
    .map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`)
    .join("");
}
