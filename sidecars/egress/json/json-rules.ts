/** What must not stand at a place in JSON. A place is keys with dots between them; `[]` is each item of a list. */
export interface JsonRule {
  readonly at: string;
  /** text at the place that may stand there; absent, and without `when` and `only`: nothing may */
  readonly unless?: RegExp;
  /** the one text at the place that must not stand there */
  readonly when?: RegExp;
  /** the one set of keys that an object at the place may have, in plain form */
  readonly only?: readonly string[];
  /** whether text that may stand there must */
  readonly isRequired?: boolean;
  /** what it would be, for people */
  readonly what: string;
}

/** Rules by place. Keys are in plain form. */
export interface JsonPlace {
  readonly keys: Map<string, JsonPlace>;
  items: JsonPlace | undefined;
  readonly rules: JsonRule[];
}

/**
 * A key as the most lenient reader takes it: any case, with or without
 * underscores and what else is no letter and no digit. Protocol Buffers read
 * `google_search` and `googleSearch` alike, Go reads any case, and folds `ſ` to s.
 */
export const plainKey = (key: string): string =>
  key
    .toUpperCase()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "");

/** Rules that are ready for a walk through JSON. */
export interface JsonRules {
  readonly root: JsonPlace;
  /** those whose place must have text */
  readonly required: readonly JsonRule[];
}

/** Makes rules ready for a walk through JSON. */
export function placesOf(rules: readonly JsonRule[]): JsonRules {
  const root = aPlace();
  for (const rule of rules) {
    let place = root;
    for (const step of rule.at.match(/\[\]|[^.[\]]+/g) ?? []) place = stepInto(place, step);
    place.rules.push(rule);
  }
  return { root, required: rules.filter(({ isRequired }) => isRequired === true) };
}

function stepInto(place: JsonPlace, step: string): JsonPlace {
  if (step === "[]") return (place.items ??= aPlace());
  const key = plainKey(step);
  const next = place.keys.get(key) ?? aPlace();
  place.keys.set(key, next);
  return next;
}

const aPlace = (): JsonPlace => ({ keys: new Map(), items: undefined, rules: [] });
