import { Command } from "commander";
import { portOf } from "../../config.ts";
import { usageError } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import { say } from "../output/terminal.ts";

interface Options {
  readonly port?: string;
  readonly foreground?: true;
}

/** `bb up`: starts the control plane; one that runs is left alone. */
export function upCommand(context: CommandContext): Command {
  return new Command("up")
    .summary("start the control plane")
    .description("Starts the control plane in the background; port, token and CA are those of last time.")
    .option("--port <port>", "port on 127.0.0.1 from now on")
    .option("--foreground", "stay in this terminal, with the log on it, until Ctrl-C")
    .addHelpText("after", EXAMPLES)
    .action((options: Options) => up(context, options));
}

const EXAMPLES = `
Examples:
  bb up
  bb up --foreground
  BB_STATE_DIR=/tmp/trial bb up        a second one, beside the first`;

async function up(context: CommandContext, options: Options): Promise<void> {
  const { connectRunning } = await import("../control-plane/running.ts");
  const port = portOf("--port", options.port);
  const config = port === undefined ? context.config : { ...context.config, port };
  const running = await connectRunning(config, context.signal);
  if (running !== undefined) {
    running.close();
    if (port !== undefined && !running.connection.url.endsWith(`:${port}`)) {
      throw usageError(
        `the control plane runs at ${running.connection.url}`,
        "bb down, then bb up --port again",
      );
    }
    say(context.terminal, `the control plane runs at ${running.connection.url}`);
    return;
  }
  const { runInForeground, startControlPlane } = await import("../control-plane/start.ts");
  if (options.foreground === true) {
    context.exitWith(await runInForeground(config, context.signal));
    return;
  }
  const client = await startControlPlane(config, context.terminal, context.signal);
  client.close();
  say(context.terminal, `the control plane runs at ${client.connection.url}`);
}
