import type { Match } from "./match-form.ts";

/** Something that must not reach the agent, in one of the ways in which it may be written. */
export interface Pattern {
  /** `known-value`, or the id of a rule */
  readonly rule: string;
  /** its first characters; letters and digits of them are looked for, in either case */
  readonly beginning: Uint32Array;
  /** Whether it stands at `at`, where its first letter or digit is. `isLast`: no bytes come after these. */
  match(bytes: Uint8Array, at: number, isLast: boolean): Match;
  /** what the agent is given in its place */
  replacement(match: Extract<Match, { kind: "match" }>): Uint8Array;
}
