import { Command } from "commander";
import { ConfigError, readConfig, VARIABLES, type Config } from "../config.ts";
import { VERSION } from "../version.ts";
import type { ApiClient } from "./api/api-client.ts";
import { CliError, EXIT } from "./cli-error.ts";
import { CommandLineError, reportUsage, withOneVoice } from "./command-line.ts";
import { COMMANDS, findCommand } from "./commands.ts";
import type { CommandContext } from "./context.ts";
import { explain } from "./explain.ts";
import { say, styled, type Terminal } from "./output/terminal.ts";

/** The part of a process that the CLI needs. */
export type CliProcess = Pick<NodeJS.Process, "stdin" | "stdout" | "stderr" | "once" | "off">;

/** Runs one command line; resolves with the exit code and never rejects. */
export async function runCli(argv: readonly string[], host: CliProcess): Promise<number> {
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort();
  const plain = { stdin: host.stdin, stdout: host.stdout, stderr: host.stderr, color: false };
  host.once("SIGINT", stop);
  host.once("SIGTERM", stop);
  // a reader that went away, such as `head`, is no failure of ours
  host.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT.ok);
    throw error;
  });
  try {
    const config = readConfig();
    const color = config.colorAllowed && host.stderr.isTTY === true;
    return await runCommand(argv, config, { ...plain, color }, interrupt.signal);
  } catch (error) {
    return report(error, plain, interrupt.signal);
  } finally {
    host.off("SIGINT", stop);
    host.off("SIGTERM", stop);
  }
}

async function runCommand(
  argv: readonly string[],
  config: Config,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const clients: ApiClient[] = [];
  let exitCode: number = EXIT.ok;
  const context: CommandContext = {
    config,
    terminal,
    signal,
    async connect() {
      const { connectOrStart } = await import("./control-plane/connect.ts");
      const client = await connectOrStart(config, terminal, signal);
      clients.push(client);
      return client;
    },
    exitWith(code) {
      exitCode = code;
    },
  };
  try {
    const program = await buildProgram(argv, context);
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    return report(error, terminal, signal);
  } finally {
    for (const client of clients) client.close();
  }
}

/** Only the command that was named is loaded: the others cost start time. */
async function buildProgram(argv: readonly string[], context: CommandContext): Promise<Command> {
  const program = new Command("bb")
    .description("Runs coding agents in bottles: isolated, and able to reach only what you allow.")
    .version(VERSION, "-V, --version")
    .addHelpCommand(
      new Command("help").argument("[command]").description("say more of a command").helpGroup("More:"),
    )
    .showSuggestionAfterError()
    .configureHelp({ subcommandTerm: (command) => command.name(), showGlobalOptions: false })
    .addHelpText("after", () => START_HERE + environmentHelp());
  const named = findCommand(argv[0]);
  const wanted = named === undefined ? COMMANDS : [named];
  for (const entry of wanted) {
    program.commandsGroup(entry.group);
    program.addCommand((await entry.load())(context), { hidden: entry.hidden === true });
  }
  return withOneVoice(program, context.terminal);
}

function report(error: unknown, terminal: Terminal, signal: AbortSignal): number {
  if (error instanceof CommandLineError) return reportUsage(error, terminal);
  if (signal.aborted) {
    say(terminal, "interrupted");
    return EXIT.interrupted;
  }
  const told =
    error instanceof ConfigError ? new CliError(error.message, { exitCode: EXIT.usage }) : explain(error);
  say(terminal, `${styled(terminal, "red", "error:")} ${told.message}`);
  if (told.next !== undefined) say(terminal, `${styled(terminal, "cyan", "next:")} ${told.next}`);
  return told.exitCode;
}

function environmentHelp(): string {
  const lines = Object.entries(VARIABLES).map(([name, says]) => `  ${name.padEnd(30)} ${says}`);
  return `\n\nEnvironment:\n${lines.join("\n")}`;
}

const START_HERE = `
Start here:
  bb doctor --fix                  check this machine and set up what is missing
  bb demo                          see a real agent in a real bottle
  bb apply -f bottle.yaml          make a bottle
  bb get bottles                   see what there is
  bb attach NAME                   talk to the agent

bb COMMAND --help says more, with examples. The same objects work with kubectl:
  KUBECONFIG=$(bb kubeconfig --path) kubectl get bottles`;
