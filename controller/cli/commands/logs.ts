import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { namespaceOption, timeoutOption, limitedBy } from "../options.ts";
import { escapeUntrusted } from "../output/escape.ts";
import { print } from "../output/terminal.ts";
import { bottleName } from "../targets.ts";

interface Options {
  readonly namespace: string;
  readonly container: string;
  readonly follow?: true;
  readonly tail?: string;
  readonly since?: string;
  readonly timestamps?: true;
  readonly audit?: true;
  readonly timeout: number;
}

/** `bb logs`: what a bottle wrote, or the audit of what it tried to send. */
export function logsCommand(context: CommandContext): Command {
  return new Command("logs")
    .summary("show what a bottle wrote, or tried to send")
    .description(
      "Shows what a container of a bottle wrote; with --audit, each request of the agent and its verdict.",
    )
    .argument("<bottle>", "name of the bottle")
    .addOption(namespaceOption())
    .option("-c, --container <name>", "agent, sidecars or airlock", "agent")
    .option("-f, --follow", "go on with what comes, until Ctrl-C")
    .option("--tail <lines>", "only the last lines")
    .option("--since <duration>", "only what is younger, such as 10m")
    .option("--timestamps", "with the time of each line")
    .option("--audit", "the audit, one JSON object a line; kept after the bottle is gone")
    .addOption(timeoutOption("end after this time", "0"))
    .addHelpText("after", EXAMPLES)
    .action((bottle: string, options: Options) => logs(context, bottleName(bottle), options));
}

const EXAMPLES = `
Examples:
  bb logs hello
  bb logs hello -f --tail 20
  bb logs hello --audit | jq 'select(.verdict == "deny") | {host, path, because}'`;

async function logs(context: CommandContext, bottle: string, options: Options): Promise<void> {
  const lines =
    options.audit === true ? auditLines(context, bottle, options) : podLines(context, bottle, options);
  for await (const line of await lines) print(context.terminal, `${escapeUntrusted(line)}\n`);
}

async function auditLines(
  context: CommandContext,
  bottle: string,
  options: Options,
): Promise<AsyncIterable<string>> {
  const { readAudit } = await import("../audit.ts");
  const tail = options.tail === undefined ? undefined : Number(options.tail);
  return readAudit(context.config.stateDir, {
    namespace: options.namespace,
    name: bottle,
    follow: options.follow === true,
    tail,
    signal: limitedBy(context.signal, options.timeout),
  });
}

async function podLines(
  context: CommandContext,
  bottle: string,
  options: Options,
): Promise<AsyncIterable<string>> {
  const client = await context.connect();
  const query = new URLSearchParams({ container: options.container });
  if (options.follow === true) query.set("follow", "true");
  if (options.timestamps === true) query.set("timestamps", "true");
  if (options.tail !== undefined) query.set("tailLines", options.tail);
  if (options.since !== undefined) query.set("sinceSeconds", await sinceSeconds(options.since));
  const pod = `/api/v1/namespaces/${encodeURIComponent(options.namespace)}/pods/${encodeURIComponent(bottle)}`;
  return client.lines(`${pod}/log?${query}`, { accept: "*/*" }, limitedBy(context.signal, options.timeout));
}

async function sinceSeconds(text: string): Promise<string> {
  const { parseDuration } = await import("../clock.ts");
  const { usageError } = await import("../cli-error.ts");
  const ms = parseDuration(text);
  if (ms === undefined)
    throw usageError(`--since is "${text}"`, "it must be a duration such as 30s, 10m or 1h");
  return String(Math.ceil(ms / 1000));
}
