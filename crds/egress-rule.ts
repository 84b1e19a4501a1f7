import { RE2JS } from "re2js";
import * as z from "zod";
import { HostPattern } from "./host.ts";
import { namedList, setOf } from "./lists.ts";
import { RESERVED_RULE_NAMES } from "./rule-names.ts";
import { type Rule, withOrderedRules, withRules } from "./rules.ts";
import { line } from "./text.ts";

const PATTERN_RULES: readonly Rule<string>[] = [
  {
    holds: (self) => !/\(\?<?[=!]|\\[1-9]|\\k</.test(self),
    cel: String.raw`!self.matches(r'\(\?<?[=!]|\\[1-9]|\\k<')`,
    message: "has a lookaround or a back reference, which RE2 has not: write it without",
  },
  {
    holds: isPattern,
    // CEL could, at a cost beyond what a kube-apiserver allows
    cel: undefined,
    message:
      "is not a regular expression in RE2 syntax: ( ) [ ] { } that are meant as they are need a backslash",
  },
];

const Name = withRules(
  z
    .string()
    .max(64)
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, "must be lower-case letters, digits and '-'"),
  [
    {
      holds: (self) => !RESERVED_RULE_NAMES.includes(self),
      cel: `!(self in [${RESERVED_RULE_NAMES.map((name) => `'${name}'`).join(", ")}])`,
      message: "is what findings of canaries or of the bottle's secrets are called: take another name",
    },
  ],
);

export const EgressRule = z.strictObject({
  name: Name.describe("name in denials and audit"),
  pattern: withOrderedRules(line(1024).min(1), PATTERN_RULES).describe(
    "regular expression in RE2 syntax of what must not leave; a group named secret marks the part that counts",
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
    return RE2JS.compile(text).pattern() === text;
  } catch {
    return false; // where it goes wrong, the library says with the pattern in it
  }
}
