/** A redacted picture of a secret: at most four leading characters, never more than a fifth, and the length. */
export function shapeOf(secret: string): string {
  const shown = Math.min(4, Math.floor(secret.length / 5));
  return `${secret.slice(0, shown).replace(/[^\x21-\x7e]/g, "?")}…(${secret.length})`;
}
