import { formatSeconds } from "../../age.ts";
import { every, nowMs } from "../clock.ts";
import { escapeLine } from "../../escape.ts";
import type { Terminal } from "./terminal.ts";

/** Tells what long work is at. */
export interface Progress {
  /** what it is at now; shown when it differs from the last one */
  step(text: string): void;
  /** ends it, leaving `text` when there is one */
  done(text?: string): void;
}

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** One moving line on a terminal; one line per step, on stderr, anywhere else. */
export function startProgress(terminal: Terminal, text: string): Progress {
  return terminal.stderr.isTTY === true && terminal.color
    ? movingLine(terminal, text)
    : lines(terminal, text);
}

function lines(terminal: Terminal, text: string): Progress {
  let last = "";
  const step = (next: string): void => {
    const clean = escapeLine(next);
    if (clean !== last) terminal.stderr.write(`${clean}\n`);
    last = clean;
  };
  step(text);
  return {
    step,
    done(text) {
      if (text !== undefined) step(text);
    },
  };
}

function movingLine(terminal: Terminal, text: string): Progress {
  const started = nowMs();
  let current = escapeLine(text);
  let frame = 0;
  const draw = (): void => {
    const seconds = Math.floor((nowMs() - started) / 1000);
    const after = seconds < 2 ? "" : ` ${formatSeconds(seconds)}`;
    const room = Math.max(10, (terminal.stderr.columns ?? 80) - after.length - 4);
    const shown = current.length > room ? `${current.slice(0, room - 1)}…` : current;
    terminal.stderr.write(`\r\u001b[K${FRAMES[frame++ % FRAMES.length]} ${shown}${after}`);
  };
  draw();
  const stop = every(100, draw);
  return {
    step(next) {
      current = escapeLine(next);
    },
    done(text) {
      stop();
      terminal.stderr.write(`\r\u001b[K${text === undefined ? "" : `${escapeLine(text)}\n`}`);
    },
  };
}
