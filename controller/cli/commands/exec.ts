import { Command } from "commander";
import { usageError } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import { limitedBy, namespaceOption, timeoutOption } from "../options.ts";
import { runRemoteSession } from "../remote-session.ts";
import { bottleName } from "../targets.ts";

interface Options {
  readonly namespace: string;
  readonly stdin?: true;
  readonly tty?: true;
  readonly timeout: number;
}

/** `bb exec`: a command in a bottle, with its own exit code. */
export function execCommand(context: CommandContext): Command {
  return new Command("exec")
    .summary("run a command in a bottle")
    .description(
      "Runs a command in a bottle as it is, without a shell; ends with the command's own exit code.",
    )
    .argument("<bottle>", "name of the bottle")
    .argument("<command...>", "the command and its arguments, after --")
    .addOption(namespaceOption())
    .option("-i, --stdin", "pass stdin on")
    .option("-t, --tty", "give the command a terminal")
    .addOption(timeoutOption("end the command after this time", "0"))
    .passThroughOptions(false)
    .addHelpText("after", EXAMPLES)
    .action((bottle: string, argv: string[], options: Options) => exec(context, bottle, argv, options));
}

const EXAMPLES = `
Examples:
  bb exec hello -- git log --oneline
  bb exec -it hello -- bash
  tar c notes | bb exec -i hello -- tar x
  bb exec hello -- false; echo $?      the command's own exit code`;

async function exec(
  context: CommandContext,
  bottle: string,
  argv: string[],
  options: Options,
): Promise<void> {
  const { terminal } = context;
  const tty = options.tty === true;
  if (tty && terminal.stdin.isTTY !== true) {
    throw usageError("-t needs a terminal on stdin", "leave out -t");
  }
  const client = await context.connect();
  const query = new URLSearchParams({
    container: "agent",
    stdout: "true",
    stderr: String(!tty),
    stdin: String(options.stdin === true),
    tty: String(tty),
  });
  for (const word of argv) query.append("command", word);
  const pod = `/api/v1/namespaces/${encodeURIComponent(options.namespace)}/pods/${encodeURIComponent(bottleName(bottle))}`;
  const exitCode = await runRemoteSession(context, client, {
    path: `${pod}/exec?${query}`,
    stdin: options.stdin === true,
    tty,
    signal: limitedBy(context.signal, options.timeout),
  });
  context.exitWith(exitCode);
}
