import { parse, TomlError } from "smol-toml";
import * as z from "zod";
import { RESERVED_RULE_NAMES } from "../../crds/rule-names.ts";
import type { Allowance, OwnRule } from "./own-rules.ts";

const texts = z.array(z.string()).default([]);
const Allowlist = z.object({
  condition: z.enum(["OR", "AND", "or", "and"]).default("OR"),
  regexTarget: z.enum(["secret", "match", "line"]).default("secret"),
  regexes: texts,
  stopwords: texts,
  paths: texts,
  commits: texts,
});
const Rule = z.object({
  id: z.string().min(1),
  regex: z.string().optional(),
  keywords: texts,
  entropy: z.number().optional(),
  secretGroup: z.int().min(0).optional(),
  path: z.string().optional(),
  allowlist: Allowlist.optional(),
  allowlists: z.array(Allowlist).default([]),
});
const Config = z.object({
  rules: z.array(Rule).default([]),
  extend: z.object({ useDefault: z.boolean().optional(), path: z.string().optional() }).optional(),
  allowlist: Allowlist.optional(),
  allowlists: z.array(Allowlist).default([]),
});

/** Rules of a file, or what is wrong with it, one sentence each. */
export type GitleaksRules =
  | { readonly kind: "rules"; readonly rules: readonly OwnRule[] }
  | { readonly kind: "errors"; readonly errors: readonly string[] };

/**
 * Reads a configuration of gitleaks. Of files there is none in a request: a
 * rule that is for some paths alone is an error, and an allowlist of paths or
 * commits allows nothing. What is wrong is named by the rule and never quoted.
 */
export function readGitleaksRules(toml: string): GitleaksRules {
  if (toml.trim() === "") return { kind: "rules", rules: [] };
  const parsed = parsedToml(toml);
  if (typeof parsed === "string") return { kind: "errors", errors: [parsed] };
  const checked = Config.safeParse(parsed);
  if (!checked.success) return { kind: "errors", errors: checked.error.issues.map(sentenceOf) };
  const { rules, extend, allowlist, allowlists } = checked.data;
  const errors = [
    ...(extend?.path === undefined ? [] : ["extend.path names a file, and there is none to read"]),
    ...rules.flatMap(errorsOf),
  ];
  if (errors.length > 0) return { kind: "errors", errors };
  const everywhere = [...(allowlist === undefined ? [] : [allowlist]), ...allowlists];
  return { kind: "rules", rules: rules.map((rule) => ownRule(rule, everywhere)) };
}

function parsedToml(toml: string): unknown {
  try {
    return parse(toml);
  } catch (error) {
    // the rest of its message shows the line
    const where = error instanceof TomlError ? `line ${error.line}, column ${error.column}` : "somewhere";
    return `it is not TOML: ${where}`;
  }
}

const sentenceOf = ({ path, message }: z.core.$ZodIssue): string => `${path.join(".")}: ${message}`;

function errorsOf({ id, regex, path }: z.infer<typeof Rule>): string[] {
  if (path !== undefined)
    return [`rule ${id} is for some paths alone, and a request has none: take path out`];
  if (RESERVED_RULE_NAMES.includes(id))
    return [`rule ${id} has a name that is used for known values: give it another id`];
  return regex === undefined || regex === "" ? [`rule ${id} has no regex`] : [];
}

function ownRule(rule: z.infer<typeof Rule>, everywhere: readonly z.infer<typeof Allowlist>[]): OwnRule {
  const { id, regex = "", keywords, entropy, secretGroup, allowlist, allowlists } = rule;
  const all = [...(allowlist === undefined ? [] : [allowlist]), ...allowlists, ...everywhere];
  return {
    id,
    pattern: regex,
    keywords,
    anyCase: false,
    // gitleaks takes the first group when none is asked for
    secretGroup: secretGroup === undefined || secretGroup === 0 ? 1 : secretGroup,
    ...(entropy === undefined ? {} : { entropy }),
    allowed: all.flatMap(allowanceOf),
  };
}

/** With AND, what paths or commits have to hold as well never holds. */
function allowanceOf(list: z.infer<typeof Allowlist>): Allowance[] {
  const { condition, regexTarget, regexes, stopwords, paths, commits } = list;
  const needsAll = condition.toUpperCase() === "AND";
  const isOfFiles = needsAll && (paths.length > 0 || commits.length > 0);
  if (isOfFiles || (regexes.length === 0 && stopwords.length === 0)) return [];
  return [
    {
      target: regexTarget,
      patterns: regexes,
      stopwords: stopwords.map((word) => word.toLowerCase()),
      needsAll,
    },
  ];
}
