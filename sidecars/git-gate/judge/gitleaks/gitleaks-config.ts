import type { ScanPolicy } from "../../../wire/git-policy.ts";
import { CANARY } from "./scan-repository.ts";

type Rules = ScanPolicy["rules"];

/** JSON's strings are strings of TOML, but for one character. */
const quoted = (text: string): string => JSON.stringify(text).replaceAll("\u007f", "\\u007f");

const CANARY_RULE = ruleOf({ name: CANARY.rule, pattern: CANARY.text });

/**
 * The configurations to scan with, one after the other: gitleaks' own rules with what they exempt, and the owner's
 * rules, of which nothing is exempt. In one configuration the exemptions of the first would hold for both.
 */
export function gitleaksConfigs(rules: Rules): readonly [string, ...string[]] {
  const builtIn = `[extend]\nuseDefault = true\n${CANARY_RULE}`;
  return rules.length === 0 ? [builtIn] : [builtIn, rulesConfig(rules)];
}

/** A configuration with these rules alone. */
export const rulesConfig = (rules: Rules): string => rules.map(ruleOf).join("") + CANARY_RULE;

function ruleOf({ name, pattern }: Rules[number]): string {
  return `[[rules]]\nid = ${quoted(name)}\nregex = ${quoted(pattern)}\n`;
}
