/**
 * The texts by which a secret is known: what must not leave in a request, and what an answer must not give back. Besides
 * the whole there are the parts that are worth as much: of `user:password` the password, and of what a route signs with
 * every part.
 */
export function secretTexts(value: string, use: { readonly signs: boolean }): string[] {
  // a line end of the file that it came from is no part of it, and is not sent when it is injected
  const whole = value.trim();
  const [first = "", ...rest] = whole.split(":");
  const texts = [whole, rest.join(":"), ...rest, ...(use.signs ? [first] : [])];
  return [...new Set(texts.filter((text) => text !== ""))];
}
