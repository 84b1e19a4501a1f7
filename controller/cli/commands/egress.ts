import { Command } from "commander";
import { CliError, usageError } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import type { DraftOptions } from "../egress/print-draft.ts";
import { durationOf, namespaceOption } from "../options.ts";
import { say } from "../output/terminal.ts";
import { bottleName } from "../targets.ts";

interface Options {
  readonly policy?: string;
  readonly listen?: string;
  readonly caOut?: string;
  readonly resolve?: string[];
  readonly upstreamCa?: string;
  readonly audit?: string;
}

/** `bb egress`: the egress proxy alone, without a bottle or a control plane. */
export function egressCommand(context: CommandContext): Command {
  const command = new Command("egress")
    .summary("run the egress proxy alone, or draft routes")
    .usage(
      "--policy <file> --listen <host:port> --ca-out <file> [options]\n       bb egress draft [options] <bottle>",
    )
    .description(
      "Runs the egress proxy of a bottle alone, in this terminal, until Ctrl-C. SIGHUP reads the policy again; one " +
        "that is wrong is refused and the old one stays in force.",
    )
    .option(
      "--policy <file>",
      "egress: as in a BottleClass, and secrets: {name: {key: value}}; 0600 with secrets",
    )
    .option("--listen <host:port>", "where to listen; port 0 takes a free one")
    .option("--ca-out <file>", "where to write the CA certificate that clients must trust")
    .option(
      "--resolve <mapping...>",
      "HOST:PORT=ADDRESS:PORT, where a host really is; the address counts as allowed",
    )
    .option("--upstream-ca <file>", "PEM certificates that upstreams are verified against")
    .option("--audit <file>", "where to write the audit; none without it")
    .addHelpText("after", EXAMPLES)
    .action((options: Options) => egress(context, options));
  addDraft(command, context);
  return command;
}

const EXAMPLES = `
Examples:
  bb egress --policy policy.yaml --listen 127.0.0.1:9099 --ca-out ca.pem
  HTTPS_PROXY=http://127.0.0.1:9099 curl --cacert ca.pem https://example.com/
  bb egress draft hello`;

function addDraft(group: Command, context: CommandContext): void {
  group
    .command("draft")
    .summary("print the routes that a bottle would need")
    .description(
      "Reads the audit of a bottle and prints, as YAML for a BottleClass, the fewest routes that would have allowed what it " +
        "asked for in vain, or in `mode: audit` without a route. The agent chose these hosts: read before you allow.",
    )
    .argument("<bottle>", "name of the bottle")
    .addOption(namespaceOption())
    .option("--since <duration>", "only what is younger, such as 10m", durationOf)
    .addHelpText("after", DRAFT_EXAMPLES)
    .action(async (bottle: string, options: DraftOptions) =>
      (await import("../egress/print-draft.ts")).printDraft(context, bottleName(bottle), options),
    );
}

const DRAFT_EXAMPLES = `
Examples:
  bb egress draft hello
  bb egress draft hello --since 1h > routes.yaml`;

async function egress({ signal, terminal }: CommandContext, given: Options): Promise<void> {
  const { policy, listen, caOut } = given;
  if (policy === undefined || listen === undefined || caOut === undefined) {
    throw usageError(
      "--policy, --listen and --ca-out are needed",
      "bb egress --policy policy.yaml --listen 127.0.0.1:9099 --ca-out ca.pem",
    );
  }
  const options = { ...given, policy, listen, caOut };
  const { startStandaloneEgress } = await import("../../../sidecars/egress/standalone/index.ts");
  const running = await startStandaloneEgress(options);
  const stopped = new Promise<void>((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true }),
  );
  const reload = (): void => {
    running.reload().then(
      () => say(terminal, `the policy was read again: ${running.routes} routes`),
      (error: unknown) => say(terminal, `the policy was not changed: ${messageOf(error)}`),
    );
  };
  process.on("SIGHUP", reload);
  try {
    say(terminal, `listening on ${running.address}, ${running.routes} routes; CA in ${options.caOut}`);
    await stopped;
  } finally {
    process.off("SIGHUP", reload);
    await running.close();
  }
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  throw new CliError(String(error));
}
