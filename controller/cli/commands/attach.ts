import { Command } from "commander";
import { usageError } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import { namespaceOption } from "../options.ts";
import { isInteractive } from "../output/terminal.ts";
import { runRemoteSession } from "../remote-session.ts";
import { bottleName } from "../targets.ts";

/** `bb attach`: the agent's own CLI in its bottle, on this terminal. */
export function attachCommand(context: CommandContext): Command {
  return new Command("attach")
    .summary("talk to the agent")
    .description("Starts the agent's CLI in its bottle on this terminal, and ends with its exit code.")
    .argument("<bottle>", "name of the bottle")
    .addOption(namespaceOption())
    .addHelpText("after", EXAMPLES)
    .action((bottle: string, options: { namespace: string }) => attach(context, bottle, options.namespace));
}

const EXAMPLES = `
Examples:
  bb attach hello
  bb exec -it hello -- bash            a shell instead of the agent`;

async function attach(context: CommandContext, bottle: string, namespace: string): Promise<void> {
  if (!isInteractive(context.terminal)) {
    throw usageError("attach needs a terminal", "bb exec runs a command without one");
  }
  const client = await context.connect();
  const query = new URLSearchParams({
    container: "agent",
    stdin: "true",
    stdout: "true",
    stderr: "false",
    tty: "true",
  });
  const pod = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(bottleName(bottle))}`;
  const { signal } = context;
  const session = { path: `${pod}/attach?${query}`, stdin: true, tty: true, signal };
  context.exitWith(await runRemoteSession(context, client, session));
}
