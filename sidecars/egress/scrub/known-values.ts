import { KNOWN_VALUE_RULE } from "../../../crds/rule-names.ts";
import { SHORTEST_KNOWN_VALUE } from "../../detection/known-values.ts";
import { type Form, formsOf } from "./forms.ts";
import { matchForm } from "./match-form.ts";
import type { Pattern } from "./pattern.ts";

/** A secret by every text that gives it away. */
interface Known {
  readonly texts: readonly string[];
  /** what the agent is given in its place */
  readonly placeholder: string;
}

/** What is held, in all forms in which an answer may give it back. */
export function knownValuePatterns(secrets: Iterable<Known>): Pattern[] {
  const placeholders = new Map<string, string>();
  for (const { texts, placeholder } of secrets) {
    for (const text of texts) {
      // a line end of the file that it came from is no part of it, and is not sent when it is injected
      const value = text.trim();
      if (Buffer.byteLength(value) >= SHORTEST_KNOWN_VALUE) placeholders.set(value, placeholder);
    }
  }
  return [...placeholders].flatMap(([value, placeholder]) =>
    formsOf(value).map((form) => patternOf(form, placeholder)),
  );
}

function patternOf(form: Form, placeholder: string): Pattern {
  const units = form.write(placeholder).map((unit) => Buffer.from(unit));
  return {
    rule: KNOWN_VALUE_RULE,
    beginning: form.characters,
    match: (bytes, at) => matchForm(form, bytes, at),
    replacement: ({ separator }) =>
      Buffer.concat(units.flatMap((unit, index) => (index === 0 ? [unit] : [separator, unit]))),
  };
}
