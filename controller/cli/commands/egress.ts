import { Command } from "commander";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import { say } from "../output/terminal.ts";

interface Options {
  readonly policy: string;
  readonly listen: string;
  readonly caOut: string;
  readonly resolve?: string[];
  readonly upstreamCa?: string;
  readonly audit?: string;
}

/** `bb egress`: the egress proxy alone, without a bottle or a control plane. */
export function egressCommand(context: CommandContext): Command {
  return new Command("egress")
    .summary("run the egress proxy alone")
    .description(
      "Runs the egress proxy of a bottle alone, in this terminal, until Ctrl-C. SIGHUP reads the policy again; one " +
        "that is wrong is refused and the old one stays in force.",
    )
    .requiredOption(
      "--policy <file>",
      "egress: as in a BottleClass, and secrets: {name: {key: value}}; 0600 with secrets",
    )
    .requiredOption("--listen <host:port>", "where to listen; port 0 takes a free one")
    .requiredOption("--ca-out <file>", "where to write the CA certificate that clients must trust")
    .option(
      "--resolve <mapping...>",
      "HOST:PORT=ADDRESS:PORT, where a host really is; the address counts as allowed",
    )
    .option("--upstream-ca <file>", "PEM certificates that upstreams are verified against")
    .option("--audit <file>", "where to write the audit; stderr without it")
    .addHelpText("after", EXAMPLES)
    .action((options: Options) => egress(context, options));
}

const EXAMPLES = `
Examples:
  bb egress --policy policy.yaml --listen 127.0.0.1:9099 --ca-out ca.pem
  HTTPS_PROXY=http://127.0.0.1:9099 curl --cacert ca.pem https://example.com/`;

async function egress({ signal, terminal }: CommandContext, options: Options): Promise<void> {
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
