import { z } from "zod";
import { type Rule, withRules } from "./rules.ts";

// Terminal escapes (C0, DEL, C1) and characters that reorder what a person reads (bidi controls, separators).
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const CONTROL_BUT_LINES = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;
const REORDERING = /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

const CEL_REORDERING = String.raw`\x{061c}\x{200e}\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}\x{feff}`;

const ONE_LINE: Rule<string> = {
  holds: (self) => !CONTROL.test(self) && !REORDERING.test(self),
  cel: String.raw`!self.matches(r'[\x00-\x1f\x7f-\x{9f}${CEL_REORDERING}]')`,
  message: "has a control character, a line break or a bidirectional control: remove it",
};

const LINES: Rule<string> = {
  holds: (self) => !CONTROL_BUT_LINES.test(self) && !REORDERING.test(self),
  cel: String.raw`!self.matches(r'[\x00-\x08\x0b-\x1f\x7f-\x{9f}${CEL_REORDERING}]')`,
  message:
    "has a control character or a bidirectional control; only line feed and tab are allowed: remove it",
};

/** One line of text that is safe to show on a terminal, of at most `max` characters. */
export const line = (max: number): z.ZodString => withRules(z.string().max(max), [ONE_LINE]);

/** Text that may have line feeds and tabs, otherwise safe to show on a terminal. */
export const lines = (max: number): z.ZodString => withRules(z.string().max(max), [LINES]);

/** Whether a string could change how a terminal shows what stands around it; line feeds and tabs may pass. */
export const isSafeText = (text: string): boolean => LINES.holds(text);
