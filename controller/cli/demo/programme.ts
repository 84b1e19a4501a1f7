import { escapeUntrusted } from "../../escape.ts";
import { styled, type Terminal } from "../output/terminal.ts";
import type { Finding } from "./acts.ts";
import type { Played } from "./play.ts";

/** An act for people: what was asked, what happened, the audit, and what was expected. */
export function describeAct(
  terminal: Terminal,
  number: number,
  { act, answer, audit, findings }: Played,
): string {
  const lines = [
    "",
    styled(terminal, "bold", `${number}. ${act.title}`),
    `   asked:    ${act.prompt}`,
    `   happened: ${escapeUntrusted(answer.trim()).replaceAll("\n", "\n             ")}`,
    ...audit.slice(0, 1).map((record) => `   audit:    ${escapeUntrusted(JSON.stringify(record))}`),
  ];
  return `${lines.join("\n")}\n${findings.map((finding) => describeFinding(terminal, finding)).join("")}`;
}

/** One expectation and whether it held. */
export function describeFinding(terminal: Terminal, finding: Finding | undefined): string {
  if (finding === undefined) return "";
  const mark = finding.holds ? styled(terminal, "green", "holds ") : styled(terminal, "red", "BROKEN");
  return `   ${mark}    ${finding.claim}\n`;
}
