import type * as z from "zod";

/**
 * A rule that a pattern cannot say: once in TypeScript, which this code checks, and once in CEL, which a
 * kube-apiserver checks. `tests/cluster` compares what the two say of every example.
 */
export interface Rule<T> {
  readonly holds: (self: T) => boolean;
  /** true of what is fine; undefined where CEL cannot say it, so that only the embedded server refuses */
  readonly cel: string | undefined;
  /** what is wrong and what to do */
  readonly message: string;
  /** what to write instead, when that follows from the value */
  readonly hint?: (self: T) => string | undefined;
  /** field below `self` that is at fault; default `self` */
  readonly at?: readonly string[];
  /** the same where it follows from the value */
  readonly where?: (self: T) => readonly (string | number)[];
}

/** The schema with rules on top: every rule that does not hold is an issue of its own. */
export function withRules<S extends z.ZodType>(schema: S, rules: readonly Rule<z.output<S>>[]): S {
  return annotated(
    schema.superRefine((self, context) => {
      for (const rule of rules) if (!rule.holds(self)) context.addIssue(issueOf(rule, self));
    }),
    rules,
  );
}

/** Like `withRules`, for rules that each presume the ones before: only the first that does not hold is an issue. */
export function withOrderedRules<S extends z.ZodType>(schema: S, rules: readonly Rule<z.output<S>>[]): S {
  return annotated(
    schema.superRefine((self, context) => {
      const broken = rules.find((rule) => !rule.holds(self));
      if (broken !== undefined) context.addIssue(issueOf(broken, self));
    }),
    rules,
  );
}

function annotated<S extends z.ZodType, T>(schema: S, rules: readonly Rule<T>[]): S {
  const inherited = (schema.meta()?.["x-kubernetes-validations"] ?? []) as object[];
  const own = rules.flatMap(({ cel, message, at }) =>
    cel === undefined
      ? []
      : [{ rule: cel, message, ...(at === undefined ? {} : { fieldPath: `.${at.join(".")}` }) }],
  );
  return schema.meta({ "x-kubernetes-validations": [...inherited, ...own] });
}

function issueOf<T>(rule: Rule<T>, self: T) {
  const hint = rule.hint?.(self);
  return {
    code: "custom" as const,
    message: hint === undefined ? rule.message : `${rule.message}; ${hint}`,
    path: [...(rule.where?.(self) ?? rule.at ?? [])],
  };
}
