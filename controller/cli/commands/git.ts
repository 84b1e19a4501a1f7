import { Command, Option } from "commander";
import type { CommandContext } from "../context.ts";
import { KEY_TYPES } from "../git/host-key.ts";
import type { KnownHostOptions } from "../git/known-host.ts";
import type { GitStatusOptions } from "../git/git-status.ts";
import { namespaceOption, outputOption, timeoutOption } from "../options.ts";
import { bottleName } from "../targets.ts";

/** `bb git`: repositories that a bottle reaches through its gate. */
export function gitCommand(context: CommandContext): Command {
  const group = new Command("git")
    .summary("repositories of a bottle, and keys of hosts")
    .description(
      "The repositories that the agent of a bottle clones from and pushes to through the bottle's git-gate.",
    )
    .addHelpText("after", EXAMPLES);
  addKnownHost(group, context);
  addStatus(group, context);
  return group;
}

const EXAMPLES = `
Examples:
  bb git known-host git.example.com:2222
  bb git status hello`;

function addKnownHost(group: Command, context: CommandContext): void {
  group
    .command("known-host")
    .summary("print the key that an ssh host shows")
    .description(
      "Prints the line of known_hosts that pins an ssh host, for `knownHost` of a remote, and the fingerprint to compare " +
        "with what the host's owner publishes. Whoever sits between you and the host could have shown a key of their own.",
    )
    .argument("<host[:port]>", "name or address of the host; port 22 if none is given")
    .addOption(
      new Option("--type <type...>", "type of key (default: the first of these that it has)").choices(
        KEY_TYPES,
      ),
    )
    .addOption(timeoutOption("give up after this time", "10s"))
    .addHelpText("after", KNOWN_HOST_EXAMPLES)
    .action(async (host: string, options: KnownHostOptions) =>
      (await import("../git/known-host.ts")).printKnownHost(context, host, options),
    );
}

const KNOWN_HOST_EXAMPLES = `
Examples:
  bb git known-host github.com
  bb git known-host git.example.com:2222 --type rsa
  bb git known-host [2001:db8::1]:2222`;

function addStatus(group: Command, context: CommandContext): void {
  group
    .command("status")
    .summary("remotes of a bottle, and what was pushed")
    .description(
      "Shows each remote of a bottle: whether the agent can use it and why not, when the gate last asked upstream, what " +
        "became of the last push, and how far the pushed branches are from upstream's default branch.",
    )
    .argument("<bottle>", "name of the bottle")
    .addOption(namespaceOption())
    .addOption(outputOption(["json", "yaml"]))
    .addHelpText("after", STATUS_EXAMPLES)
    .action(async (bottle: string, options: GitStatusOptions) =>
      (await import("../git/git-status.ts")).printGitStatus(context, bottleName(bottle), options),
    );
}

const STATUS_EXAMPLES = `
Examples:
  bb git status hello
  bb git status hello -o json | jq '.remotes[] | select(.state == "failed")'`;
