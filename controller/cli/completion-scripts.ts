/** What a shell is to know of one command. */
export interface CommandWords {
  readonly name: string;
  /** long options, those of its subcommands too */
  readonly options: readonly string[];
  readonly subcommands: readonly string[];
}

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

const KINDS = ["bottles", "bottleclasses", "agents", "secrets", "events", "pods", "namespaces"].join(" ");
const ABOUT_KINDS = "get describe delete wait";
const ABOUT_BOTTLES = "exec attach logs stop resume";
/** options that are followed by a file */
const WITH_FILE = "-f|--filename|--from-file|--policy|--ca-out|--upstream-ca";

/** The script that teaches a shell the commands. */
export function completionScript(shell: Shell, commands: readonly CommandWords[]): string {
  switch (shell) {
    case "bash":
      return `# bash completion for bb\n${bashFunctions(commands)}complete -F _bb bb ./bb\n`;
    case "zsh":
      return `#compdef bb\nautoload -U +X bashcompinit && bashcompinit\n${bashFunctions(commands)}complete -F _bb bb\n`;
    case "fish":
      return fishScript(commands);
    default:
      return shell satisfies never;
  }
}

/** Also understood by zsh. */
const bashFunctions = (commands: readonly CommandWords[]): string =>
  bashTables(commands) + bashWords(commands);

/** Names come from a control plane that runs only: a key press must not start one. */
const bashTables = (commands: readonly CommandWords[]): string => `_bb_names() {
  "\${COMP_WORDS[0]}" status >/dev/null 2>&1 || return 0
  "\${COMP_WORDS[0]}" get "$1" -o name 2>/dev/null | sed 's|.*/||'
}
_bb_options() {
  case "$1" in
${commands.map(({ name, options }) => `    ${name}) echo "${options.join(" ")}" ;;`).join("\n")}
  esac
}
_bb_subcommands() {
  case "$1" in
${commands
  .filter(({ subcommands }) => subcommands.length > 0)
  .map(({ name, subcommands }) => `    ${name}) echo "${subcommands.join(" ")}" ;;`)
  .join("\n")}
  esac
}
`;

const bashWords = (commands: readonly CommandWords[]): string => `_bb_words() {
  local word="$1" before="$2" command="\${COMP_WORDS[1]}" kind
  if [ "$COMP_CWORD" -eq 1 ]; then echo "${commands.map(({ name }) => name).join(" ")}"; return; fi
  case "$before" in
    -o|--output) echo "json yaml name wide"; return ;;
    -n|--namespace) _bb_names namespaces; return ;;
    -c|--container) echo "agent sidecars airlock"; return ;;
    --type) echo "ed25519 ecdsa rsa"; return ;;
  esac
  case "$word" in -*) _bb_options "$command"; return ;; esac
  case " ${ABOUT_KINDS} " in *" $command "*)
    kind="\${word%%/*}"
    case "$word" in */*) _bb_names "$kind" | sed "s|^|$kind/|"; return ;; esac
    if [ "$COMP_CWORD" -eq 2 ]; then echo "${KINDS}"; else _bb_names "\${COMP_WORDS[2]}"; fi
    return ;;
  esac
  case " ${ABOUT_BOTTLES} " in *" $command "*) _bb_names bottles; return ;; esac
  if [ "$COMP_CWORD" -eq 2 ]; then _bb_subcommands "$command"; return; fi
  case "$command \${COMP_WORDS[2]}" in "git status"|"egress draft") _bb_names bottles ;; esac
}
_bb() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  case "$before" in
    ${WITH_FILE}) COMPREPLY=($(compgen -f -- "$word")); return ;;
  esac
  COMPREPLY=($(compgen -W "$(_bb_words "$word" "$before")" -- "$word"))
}
`;

function fishScript(commands: readonly CommandWords[]): string {
  const names =
    "(bb status >/dev/null 2>&1; and bb get bottles -o name 2>/dev/null | string replace -r '.*/' '')";
  const lines = commands.flatMap(({ name, options, subcommands }) => [
    ...options.map((each) => `complete -c bb -n "__fish_seen_subcommand_from ${name}" -l ${each.slice(2)}`),
    ...(subcommands.length === 0
      ? []
      : [`complete -c bb -n "__fish_seen_subcommand_from ${name}" -a "${subcommands.join(" ")}"`]),
  ]);
  return `# fish completion for bb
complete -c bb -f
complete -c bb -n __fish_use_subcommand -a "${commands.map(({ name }) => name).join(" ")}"
complete -c bb -n "__fish_seen_subcommand_from ${ABOUT_KINDS}; and test (count (commandline -opc)) -eq 2" -a "${KINDS}"
complete -c bb -n "__fish_seen_subcommand_from ${ABOUT_BOTTLES}" -a "${names}"
complete -c bb -n "__fish_seen_subcommand_from git; and __fish_seen_subcommand_from status" -a "${names}"
complete -c bb -n "__fish_seen_subcommand_from egress; and __fish_seen_subcommand_from draft" -a "${names}"
complete -c bb -n "__fish_seen_subcommand_from apply egress" -F
${lines.join("\n")}
`;
}
