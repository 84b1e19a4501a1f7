import { Argument, Command } from "commander";
import { completionScript, SHELLS, type CommandWords, type Shell } from "../completion-scripts.ts";
import type { CommandContext } from "../context.ts";
import { print } from "../output/terminal.ts";

interface Loadable {
  load(): Promise<(context: CommandContext) => Command>;
}

/** `bb completion`: a script that teaches a shell the commands, their options, kinds and names. */
export function completionCommand(context: CommandContext, entries: readonly Loadable[]): Command {
  return new Command("completion")
    .summary("teach a shell the commands")
    .description("Prints a script that completes commands, options, kinds and names.")
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .addHelpText("after", EXAMPLES)
    .action(async (shell: Shell) => {
      const commands = await Promise.all(entries.map(async (entry) => (await entry.load())(context)));
      print(context.terminal, completionScript(shell, commands.map(wordsOf)));
    });
}

const EXAMPLES = `
Examples:
  source <(bb completion bash)                    in ~/.bashrc
  source <(bb completion zsh)                     in ~/.zshrc
  bb completion fish > ~/.config/fish/completions/bb.fish`;

function wordsOf(command: Command): CommandWords {
  const all = [command, ...command.commands].flatMap(({ options }) => options.map(({ long }) => long));
  const options = new Set([...all.filter((long) => long !== undefined && long !== null), "--help"]);
  return {
    name: command.name(),
    options: [...options],
    subcommands: command.commands.map((each) => each.name()),
  };
}
