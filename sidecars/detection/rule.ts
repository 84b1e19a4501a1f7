/** A kind of secret, as data: how it is recognised, and what it is told from. */
export interface Rule {
  readonly id: string;
  /** every match of the pattern begins with one of these; only there is it tried */
  readonly keywords: readonly string[];
  /** whether the keywords count in upper and lower case alike */
  readonly anyCase?: true;
  /** wants no more characters than a truncated token has; its quantifiers are bounded */
  readonly pattern: RegExp;
  /** judges what the pattern matched: the group `secret`, or all of it */
  readonly accepts?: (secret: string) => boolean;
  /** texts that must be found, with the token in pieces so that no scanner takes this file for a leak */
  readonly hits: readonly string[];
  /** texts that look alike and must pass */
  readonly misses: readonly string[];
}
