import { Argument, Command } from "commander";
import type { CommandContext } from "../context.ts";
import { print } from "../output/terminal.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

/** `bb completion`: a script that teaches a shell the commands, kinds and names. */
export function completionCommand(context: CommandContext, commands: readonly string[]): Command {
  return new Command("completion")
    .summary("teach a shell the commands")
    .description("Prints a script that completes commands, kinds and names of bottles.")
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .addHelpText("after", EXAMPLES)
    .action((shell: (typeof SHELLS)[number]) => print(context.terminal, scripts[shell](commands.join(" "))));
}

const EXAMPLES = `
Examples:
  source <(bb completion bash)                    in ~/.bashrc
  source <(bb completion zsh)                     in ~/.zshrc
  bb completion fish > ~/.config/fish/completions/bb.fish`;

const KINDS = ["bottles", "bottleclasses", "agents", "secrets", "events", "pods", "namespaces"].join(" ");
const ABOUT_KINDS = "get describe delete wait";
const ABOUT_BOTTLES = "exec attach logs stop resume";
/** names of bottles; asks only a control plane that runs, for a key press must not start one */
const NAMES = "bb status >/dev/null 2>&1 && bb get bottles -o name 2>/dev/null | sed 's|.*/||'";

const scripts: Readonly<Record<(typeof SHELLS)[number], (commands: string) => string>> = {
  bash: (commands) => `# bash completion for bb
_bb() {
  local word=\${COMP_WORDS[COMP_CWORD]} command=\${COMP_WORDS[1]}
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands}" -- "$word"))
    return
  fi
  case " ${ABOUT_KINDS} " in
    *" $command "*)
      if [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(compgen -W "${KINDS}" -- "$word")); return; fi ;;
  esac
  case " ${ABOUT_KINDS} ${ABOUT_BOTTLES} " in
    *" $command "*) COMPREPLY=($(compgen -W "$(${NAMES})" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}
complete -F _bb bb ./bb
`,
  zsh: (commands) => `#compdef bb
_bb() {
  if (( CURRENT == 2 )); then
    local -a commands=(${commands})
    compadd -a commands
  elif (( CURRENT == 3 )) && [[ " ${ABOUT_KINDS} " == *" $words[2] "* ]]; then
    compadd ${KINDS}
  elif [[ " ${ABOUT_KINDS} ${ABOUT_BOTTLES} " == *" $words[2] "* ]]; then
    compadd -- \${(f)"$(${NAMES})"}
  else
    _files
  fi
}
compdef _bb bb
`,
  fish: (commands) => `# fish completion for bb
complete -c bb -f
complete -c bb -n __fish_use_subcommand -a "${commands}"
complete -c bb -n "__fish_seen_subcommand_from ${ABOUT_KINDS}; and test (count (commandline -opc)) -eq 2" -a "${KINDS}"
complete -c bb -n "__fish_seen_subcommand_from ${ABOUT_BOTTLES}" -a "(${NAMES})"
complete -c bb -n "__fish_seen_subcommand_from apply egress" -F
`,
};
