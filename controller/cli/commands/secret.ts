import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { namespaceOption, outputOption } from "../options.ts";
import type { SecretSetOptions } from "../secret-store.ts";

/** `bb secret`: credentials that sidecars put in, and where each may go. */
export function secretCommand(context: CommandContext): Command {
  const group = new Command("secret")
    .summary("credentials, and where each may go")
    .description(
      "Credentials that the sidecars of a bottle put into its requests. The agent never holds one. A secret goes " +
        "only where its owner bound it to; values are kept in the control plane's memory and are never shown again.",
    )
    .addHelpText("after", EXAMPLES);
  addSet(group, context);
  group
    .command("list")
    .summary("names, keys and hosts; never values")
    .addOption(namespaceOption())
    .addOption(outputOption(["json", "yaml"]))
    .action(async (options: { namespace: string; output?: "json" | "yaml" }) =>
      (await import("../secret-store.ts")).listSecrets(context, options),
    );
  group
    .command("delete")
    .summary("forget a secret")
    .argument("<name...>", "names of secrets")
    .addOption(namespaceOption())
    .action(async (names: string[], options: { namespace: string }) =>
      (await import("../secret-store.ts")).deleteSecrets(context, names, options.namespace),
    );
  return group;
}

function addSet(group: Command, context: CommandContext): void {
  group
    .command("set")
    .summary("give a secret a value")
    .description("Gives a key of a secret its value: from a variable, a file, a command, or stdin.")
    .argument("<name>", "name of the secret")
    .requiredOption("--key <key>", "key in the secret")
    .option("--host <host...>", "HOST or HOST:PORT that the secret may go to; without it: nowhere")
    .option("--from-env <variable>", "value of a variable; asked for again after a restart")
    .option("--from-file <path>", "content of a file; read again after a restart")
    .option("--from-command <line>", "what a shell command prints; run again after a restart")
    .option(
      "--ttl <time>",
      "how long a value is good for, such as 30m: file or command is asked again before that",
    )
    .option(
      "--oauth-token-url <url>",
      "file or command gives a refresh token; access tokens are got with it here",
    )
    .option("--oauth-client-id <id>", "client that the refresh token was given to")
    .option("--oauth-client-secret-file <path>", "file, 0600, with the client's own secret, if it has one")
    .option("--oauth-scope <scope>", "scope to ask for; default: that of the refresh token")
    .option("--oauth-json", "the endpoint takes JSON instead of a form")
    .addOption(namespaceOption())
    .addHelpText("after", EXAMPLES)
    .action(async (name: string, options: SecretSetOptions) =>
      (await import("../secret-store.ts")).setSecret(context, name, options),
    );
}

const EXAMPLES = `
Examples:
  bb secret set claude --key oauth-token --host api.anthropic.com --from-env CLAUDE_TOKEN
  bb secret set claude --key oauth-token --host api.anthropic.com --from-command 'pass show claude'
  bb secret set aws --key keys --host bedrock-runtime.us-east-1.amazonaws.com --from-command './aws-keys' --ttl 45m
  bb secret set model --key token --host api.example.com --from-file ~/.refresh-token \\
      --oauth-token-url https://auth.example.com/oauth/token --oauth-client-id my-client
  bb secret set registry --key token --host registry.example.com:8443 < token.txt
  bb secret set app-key --key ssh --host git.example.com:22 --from-file ./key
  bb secret list
  bb secret delete claude`;
