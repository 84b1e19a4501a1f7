import type { Detector, KnownValue } from "./detector.ts";
import { inspectBody } from "./inspect-body.ts";
import { inspectHead } from "./inspect-head.ts";
import { createKnownValueSearch } from "./known-values.ts";
import { createPatternSearch } from "./pattern-search.ts";
import { rules } from "./rules.ts";

export type * from "./detector.ts";

const allPatterns = createPatternSearch(rules);

interface DetectorParts {
  readonly knownValues: readonly KnownValue[];
  /** pattern rules that are left out; known values are always looked for */
  readonly withoutRules?: readonly string[];
}

/** A detector for the given known values and the pattern rules. Known values are looked for first: they are certain. */
export function createDetector({ knownValues, withoutRules = [] }: DetectorParts): Detector {
  const known = createKnownValueSearch(knownValues);
  const patterns =
    withoutRules.length === 0
      ? allPatterns
      : createPatternSearch(rules.filter(({ id }) => !withoutRules.includes(id)));
  const find = (text: string, location: string): ReturnType<typeof known.find> =>
    known.find(text, location) ?? patterns.find(text, location);
  // of the patterns that know one case alone, those in capitals can be told again
  const findFolded: typeof find = (text, location) =>
    known.findFolded(text, location) ?? patterns.find(text.toUpperCase(), location);
  return {
    inspectHead: (head) => inspectHead(head, find, findFolded),
    inspectBody: (body) => inspectBody(body, { find, longest: known.longest }),
    streamSearch: (location) => known.stream(location),
  };
}
