import * as z from "zod";

// Terminal escapes (C0, DEL, C1), and characters that reorder what a person reads (bidi controls, separators).
const CONTROL = "\\x00-\\x1f\\x7f-\\x9f";
const CONTROL_BUT_LINES = "\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f";
// The characters themselves: RE2 and JavaScript share no escape for them. 2027, a harmless neighbour, is in because
// JavaScript would escape 2028.
const REORDERING = "\u061c\u200e\u200f\u2027-\u202e\u2066-\u2069\ufeff";

const LINE = new RegExp(`^[^${CONTROL}${REORDERING}]*$`);
const LINES = new RegExp(`^[^${CONTROL_BUT_LINES}${REORDERING}]*$`);

/** One line of text that is safe to show on a terminal, of at most `max` characters. */
export const line = (max: number): z.ZodString =>
  z
    .string()
    .max(max)
    .regex(LINE, "has a control character, a line break or a bidirectional control: remove it");

/** Text that may have line feeds and tabs, otherwise safe to show on a terminal. */
export const lines = (max: number): z.ZodString =>
  z
    .string()
    .max(max)
    .regex(
      LINES,
      "has a control character or a bidirectional control; only line feed and tab are allowed: remove it",
    );

const UNSAFE = new RegExp(`[${CONTROL}${REORDERING}]`, "g");
const MAX_QUOTED = 100;

/** Somebody else's text for a message: in quotes, on one line, safe to show on a terminal, and not too long. */
export function quoted(text: string): string {
  const short = text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
  return JSON.stringify(short).replaceAll(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Somebody else's text on one line, safe to show on a terminal, of at most `max` characters. */
export function safeLine(text: string, max = 500): string {
  const line = text
    .trim()
    .replaceAll(/\s*[\r\n]+\s*/g, "; ")
    .replaceAll("\t", " ")
    .replaceAll(UNSAFE, "?");
  return line.length > max ? `${line.slice(0, max - 1)}…` : line;
}
