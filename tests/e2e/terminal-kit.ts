import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { run } from "../integration/cli-kit.ts";

/** A real terminal with a shell script on it, played by `script` of util-linux. */
export interface TestTerminal {
  /** what a person would type */
  type(text: string): void;
  /** all that was shown so far */
  shown(): string;
  /** waits until the screen has shown it, after what the last wait saw */
  until(text: string | RegExp): Promise<void>;
  /** `stty` on the terminal: its settings, or a change of them */
  stty(...words: string[]): Promise<string>;
  /** resolves when the script has ended */
  readonly ended: Promise<void>;
  end(): Promise<void>;
}

/** Runs a shell script on a terminal of 24 by 80. */
export async function aTerminal(
  script: string,
  environment: Readonly<Record<string, string>>,
): Promise<TestTerminal> {
  const folder = mkdtempSync(join(tmpdir(), "bb-terminal-"));
  const file = join(folder, "script.sh");
  writeFileSync(file, `tty\nstty rows 24 cols 80\n${script}\n`);
  const child = spawn("script", ["--quiet", "--flush", "--command", `sh ${file}`, "/dev/null"], {
    env: { ...process.env, TERM: "xterm-256color", ...environment },
    timeout: 120_000,
  });
  let output = "";
  let seen = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const until = async (text: string | RegExp): Promise<void> => {
    await expect.poll(() => output.slice(seen), { timeout: 30_000, interval: 20 }).toMatch(text);
    const found =
      typeof text === "string" ? output.indexOf(text, seen) : output.slice(seen).search(text) + seen;
    seen = found + 1;
  };
  await until(/\/dev\/pts\/\d+/);
  const device = /\/dev\/pts\/\d+/.exec(output)?.[0] ?? "";
  return {
    type: (text) => void child.stdin.write(text),
    shown: () => output,
    until,
    stty: async (...words) => (await run(["stty", "-F", device, ...words])).stdout,
    ended,
    async end() {
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}
