import * as z from "zod";
import { HostPattern } from "./host.ts";
import { namedList, setOf } from "./lists.ts";
import { type Rule, withOrderedRules } from "./rules.ts";
import { line } from "./text.ts";

const PATTERN_RULES: readonly Rule<string>[] = [
  {
    holds: isPattern,
    cel: undefined,
    message:
      "is not a regular expression of JavaScript (flag u): flags stand in groups, as in (?i:…), and { } [ ] ( ) that are meant as they are need a backslash",
  },
  {
    holds: (self) => !/\\[1-9]|\\k</.test(self),
    cel: String.raw`!self.matches(r'\\[1-9]|\\k<')`,
    message: "has a back reference, which can take for ever: write it without",
  },
  {
    holds: (self) => !repeatsARepeat(self),
    cel: undefined,
    message:
      "repeats a group in which something is repeated without an end, which can take for ever: bound one of the two, as in (a{1,9}b)+",
  },
  {
    holds: (self) => !isPattern(self) || !new RegExp(self, "u").test(""),
    cel: undefined,
    message: "matches the empty text, and so everything: ask for at least one character",
  },
];

export const EgressRule = z.strictObject({
  name: z
    .string()
    .max(64)
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, "must be lower-case letters, digits and '-'")
    .describe("name in denials and audit"),
  pattern: withOrderedRules(line(1024).min(1), PATTERN_RULES).describe(
    "regular expression (JavaScript, flag u) of what must not leave; a group named secret marks the part that counts",
  ),
  keywords: setOf(line(64).min(3), 16)
    .min(1)
    .optional()
    .describe(
      "the pattern is tried only near one of these, with which its matches begin; absent: tried everywhere, which is slow",
    ),
  anyCase: z.boolean().optional().describe("whether upper and lower case are alike; default false"),
  allowHosts: setOf(HostPattern, 32)
    .optional()
    .describe("hosts that may be sent it, such as the service that made it; default none"),
});
export type EgressRule = z.infer<typeof EgressRule>;

export const EgressRules = namedList(EgressRule, 64);

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, "u").source !== "";
  } catch {
    return false; // where it goes wrong, JavaScript says with the pattern in it
  }
}

/** Whether a group that holds an unbounded repeat is itself repeated: such patterns can take exponential time. */
function repeatsARepeat(pattern: string): boolean {
  const plain = pattern.replaceAll(/\\./g, "a").replaceAll(/\[[^\]]*\]/g, "a");
  // of each group that is open, and of the whole: whether something in it is repeated without an end
  const open = [false];
  for (const { 0: token, index } of plain.matchAll(/[()]|[*+]|\{\d+,\}/g)) {
    if (token === "(") open.push(false);
    else if (token !== ")") open[open.length - 1] = true;
    else {
      const holdsRepeat = open.pop() === true;
      if (holdsRepeat && /^([*+]|\{\d)/.test(plain.slice(index + 1))) return true;
      if (holdsRepeat) open[open.length - 1] = true;
    }
  }
  return false;
}
