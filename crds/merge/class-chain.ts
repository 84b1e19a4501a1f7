import type { BottleClass } from "../bottle-class.ts";
import type { Reason } from "../reasons.ts";

/** A class with all that it extends, the root first; or why there is none. */
export type ClassChain =
  | { readonly kind: "found"; readonly classes: readonly BottleClass[] }
  | {
      readonly kind: "broken";
      readonly reason: Extract<Reason, "ClassNotFound" | "ClassCycle">;
      /** names the chain up to where it breaks */
      readonly message: string;
      /** every class that was looked for; a change of any of them may mend the chain */
      readonly names: readonly string[];
    };

/** Follows `extends` from a class to its root. Ends on any input, cycles included. */
export function resolveClassChain(
  name: string,
  lookup: (name: string) => BottleClass | undefined,
): ClassChain {
  const classes: BottleClass[] = [];
  const names: string[] = [];
  for (let next: string | undefined = name; next !== undefined; next = classes.at(-1)?.spec?.extends) {
    if (names.includes(next)) return cycle(names, next);
    names.push(next);
    const found = lookup(next);
    if (found === undefined) return missing(names);
    classes.push(found);
  }
  return { kind: "found", classes: classes.toReversed() };
}

function cycle(names: readonly string[], again: string): ClassChain {
  const chain = [...names, again].join(" → ");
  return {
    kind: "broken",
    reason: "ClassCycle",
    message: `BottleClass ${chain} comes back to itself: take \`extends\` out of one of them.`,
    names,
  };
}

function missing(names: readonly string[]): ClassChain {
  const absent = names.at(-1);
  const chain = names.length === 1 ? "" : ` (${names.join(" → ")})`;
  return {
    kind: "broken",
    reason: "ClassNotFound",
    message: `BottleClass ${absent} does not exist${chain}: create it, or name another one.`,
    names,
  };
}
