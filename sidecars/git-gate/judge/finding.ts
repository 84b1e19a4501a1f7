import type { PushFinding } from "../contract.ts";

/** Ends an inspection with what refuses the push: a limit that was met, or a tool that failed. */
export class PushRefused extends Error {
  readonly finding: PushFinding;

  constructor(finding: PushFinding) {
    super(finding.rule);
    this.finding = finding;
  }
}

/** A finding with where it is, for two scanners may find one secret. */
export interface PlacedFinding {
  /** id of the object, or what else it is about */
  readonly object: string;
  /** of a file; absent where it is not known */
  readonly line: number | undefined;
  readonly finding: PushFinding;
}

/** The finding of a push rule or a limit, which has no secret to picture. */
export const ruleFinding = (rule: string, where: string, whatToDo: string): PushFinding => ({
  rule,
  where,
  shape: "",
  whatToDo,
});

/** longer names are cut, for what a person reads */
const LONGEST_NAME = 200;

/** A name that the agent chose, without what would steer a terminal or reorder the text around it. */
export function printable(name: string): string {
  const shown = name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
  return shown.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });
}

/** The text that bytes spell, given as one character each. */
export const utf8Of = (bytes: string): string => Buffer.from(bytes, "latin1").toString("utf8");
