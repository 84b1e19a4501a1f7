import type { validators } from "./validators.ts";

/** Characters of which runs are looked for where a secret has no word to be known by. */
export type RunClass = "digits" | "capitals" | "base58" | "base64url" | "words";

/** A kind of secret, as data: how it is recognised, and what it is told from. */
export interface Rule {
  readonly id: string;
  /** every match of the pattern begins with one of these; only there is it tried */
  readonly keywords?: readonly string[];
  /** in the place of keywords: the pattern is tried in runs of these characters */
  readonly runs?: RunClass;
  /** whether keywords and pattern count in upper and lower case alike */
  readonly anyCase?: boolean;
  /** wants no more characters than a truncated token has; its quantifiers are bounded */
  readonly pattern: string;
  /** what judges the match: the group `secret`, or all of it */
  readonly accepts?: keyof typeof validators;
  /** hosts whose own token it is: with `auth: passthrough` it may go there; `*` is any */
  readonly home?: readonly string[];
  /** only where it stands whole: what is joined from pieces, or reads backwards, would hit it by chance */
  readonly whole?: boolean;
  /** texts that must be found, with the token in pieces so that no scanner takes this file for a leak */
  readonly hits: readonly (string | readonly string[])[];
  /** texts that look alike and must pass */
  readonly misses: readonly string[];
}
