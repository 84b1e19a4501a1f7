const LONGEST = 120;

/** Lines that an engine says around a step, of no use to a person who waits. */
const NOISE = /^(?: ?--->|Removing intermediate container|Successfully (?:built|tagged)|sha256:)/;

/** What a line of a build tells a person who waits for it; undefined when it tells nothing. */
export function stepIn(line: string): string | undefined {
  const text = line.trim();
  if (text === "" || NOISE.test(text)) return undefined;
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}
