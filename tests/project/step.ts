import { spawn } from "node:child_process";

/** A command of the checks, by the name under which it is reported. */
export interface Step {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface StepEnd {
  readonly ok: boolean;
  /** all that it printed */
  readonly output: string;
}

const bin = new URL("../../node_modules/.bin/", import.meta.url).pathname;
const root = new URL("../../", import.meta.url).pathname;

/** Runs one command in the root of the project and shows what it prints while it does. */
export async function runStep({ name, argv, environment }: Step): Promise<StepEnd> {
  process.stdout.write(`\n── ${name}\n`);
  const started = performance.now();
  const [command, ...rest] = argv;
  const child = spawn(command, rest, {
    cwd: root,
    env: { ...process.env, PATH: `${bin}:${process.env["PATH"]}`, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const chunks: Buffer[] = [];
  for (const [stream, shown] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    stream.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      shown.write(chunk);
    });
  }
  const ok = await new Promise<boolean>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code === 0));
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`── ${name}: ${ok ? "ok" : "FAILED"} (${seconds} s)\n`);
  return { ok, output: Buffer.concat(chunks).toString("utf8") };
}
