/** What a glob matches, whole. */
export interface Glob {
  test(text: string): boolean;
}

/** A letter, or one of these: `skip` may leave out the step behind it, and `folders` is left behind a slash alone. */
type Step = string | typeof ANY | typeof STAR | typeof DEEP | typeof SKIP | typeof FOLDERS;
const [ANY, STAR, DEEP, SKIP, FOLDERS] = ["any", "star", "deep", "skip", "folders"] as const;

const TOKEN = /\*\*\/|\*\*|\*|\?|[^*?]/gs;
const STEPS: Readonly<Record<string, readonly Step[]>> = {
  "**/": [SKIP, FOLDERS],
  "**": [DEEP],
  "*": [STAR],
  "?": [ANY],
};

/**
 * Reads a glob: `*` and `?` stay within one segment of a path, `**` crosses them.
 *
 * All ways to match are followed at once, so that the time is at most the product of both lengths: an agent chooses the
 * text, and a regular expression with some `*` can be kept busy for hours.
 */
export function globPattern(glob: string): Glob {
  const [beginning = ""] = /^[^*?]*/.exec(glob) ?? [];
  const rest = glob.slice(beginning.length).match(TOKEN) ?? [];
  const steps = rest.flatMap((token) => STEPS[token] ?? [token]);
  return {
    test(text) {
      if (!text.startsWith(beginning)) return false;
      let places = reach(steps, 0, new Set());
      for (const letter of text.slice(beginning.length).split("")) {
        const next = new Set<number>();
        for (const place of places) advance(steps, place, { letter, next });
        if (next.size === 0) return false;
        places = next;
      }
      return places.has(steps.length);
    },
  };
}

/** Adds a place, and those that nothing has to be read for to get to. */
function reach(steps: readonly Step[], place: number, places: Set<number>): Set<number> {
  const step = steps[place];
  if (step !== SKIP) places.add(place);
  if (step === SKIP) reach(steps, place + 2, places);
  return step === STAR || step === DEEP || step === SKIP ? reach(steps, place + 1, places) : places;
}

/** Adds where one letter leads to from a place. */
function advance(
  steps: readonly Step[],
  place: number,
  { letter, next }: { readonly letter: string; readonly next: Set<number> },
): void {
  const step = steps[place];
  const stays = step === DEEP || step === FOLDERS || (step === STAR && letter !== "/");
  if (stays) reach(steps, place, next);
  const isRead = step === ANY || step === FOLDERS ? (letter === "/") === (step === FOLDERS) : step === letter;
  if (isRead) reach(steps, place + 1, next);
}
