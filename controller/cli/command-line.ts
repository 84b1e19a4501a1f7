import type { Command, CommanderError } from "commander";
import { EXIT } from "./cli-error.ts";
import { say, styled, type Terminal } from "./output/terminal.ts";

/** What is wrong with the command line of one command, or that its help was shown. */
export class CommandLineError extends Error {
  override readonly name = "CommandLineError";
  readonly told: CommanderError;
  /** as it is typed: `bb secret set` */
  readonly command: string;
  constructor(told: CommanderError, command: string) {
    super(told.message, { cause: told });
    this.told = told;
    this.command = command;
  }
}

/** Help goes to stdout, complaints come back as CommandLineError; for a command and all below it. */
export function withOneVoice(command: Command, terminal: Terminal): Command {
  const show = (text: string): void => void terminal.stdout.write(text);
  command
    .exitOverride((told) => {
      throw new CommandLineError(told, typedName(command));
    })
    // a group without a command shows its help, which commander takes for an error
    .configureOutput({
      writeOut: show,
      writeErr: show,
      outputError: () => undefined,
      getOutHasColors: () => false,
      getErrHasColors: () => terminal.color,
    });
  for (const child of command.commands) withOneVoice(child, terminal);
  return command;
}

/** Tells it, and gives back the exit code. */
export function reportUsage({ told, command }: CommandLineError, terminal: Terminal): number {
  if (told.exitCode === 0 || told.code === "commander.help") return EXIT.ok;
  say(terminal, `${styled(terminal, "red", "error:")} ${told.message.replace(/^error: /, "")}`);
  say(terminal, `${styled(terminal, "cyan", "next:")} ${nextAfter(told, command)}`);
  return EXIT.usage;
}

function nextAfter({ code }: CommanderError, command: string): string {
  return command === "bb exec" && code === "commander.unknownOption"
    ? "-- goes before a command with options of its own: bb exec NAME -- ls -l"
    : `${command} --help says how it is used`;
}

function typedName(command: Command): string {
  const above = command.parent;
  return above === null ? command.name() : `${typedName(above)} ${command.name()}`;
}
