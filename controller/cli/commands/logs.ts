import { Command, InvalidArgumentError, Option } from "commander";
import { pathOf, resolveResource } from "../api/discovery.ts";
import { usageError } from "../cli-error.ts";
import { nowMs } from "../clock.ts";
import type { CommandContext } from "../context.ts";
import { durationOf, limitedBy, namespaceOption, outputOption, timeoutOption } from "../options.ts";
import { escapeUntrusted } from "../../escape.ts";
import { print, say } from "../output/terminal.ts";
import { bottleName } from "../targets.ts";

interface Options {
  readonly namespace: string;
  readonly container: string;
  readonly follow?: true;
  readonly tail?: number;
  /** milliseconds */
  readonly since?: number;
  readonly timestamps?: true;
  readonly audit?: true;
  readonly git?: true;
  readonly output?: "json";
  readonly timeout: number;
}

/** `bb logs`: what a bottle wrote, or the audit of what it tried to send. */
export function logsCommand(context: CommandContext): Command {
  return new Command("logs")
    .summary("show what a bottle wrote, or tried to send")
    .description(
      "Shows what a container of a bottle wrote; with --audit, each request of the agent and its verdict; with --git, each " +
        "fetch and push.",
    )
    .argument("<bottle>", "name of the bottle")
    .addOption(namespaceOption())
    .option("-c, --container <name>", "agent, sidecars or airlock", "agent")
    .option("-f, --follow", "go on with what comes, until Ctrl-C")
    .option("--tail <lines>", "only the last lines", lineCount)
    .option("--since <duration>", "only what is younger, such as 10m", durationOf)
    .option("--timestamps", "with the time of each line")
    .option("--audit", "the audit, one JSON object a line; kept after the bottle is gone")
    .addOption(
      new Option(
        "--git",
        "fetches and pushes of the audit, for people; kept after the bottle is gone",
      ).conflicts(["audit", "container"]),
    )
    .addOption(outputOption(["json"]).conflicts("audit"))
    .addOption(timeoutOption("end after this time", "0"))
    .addHelpText("after", EXAMPLES)
    .action((bottle: string, options: Options) => logs(context, bottleName(bottle), options));
}

const EXAMPLES = `
Examples:
  bb logs hello
  bb logs hello -f --tail 20
  bb logs hello --git -f
  bb logs hello --audit | jq 'select(.verdict == "deny") | {host, path, because}'`;

async function logs(context: CommandContext, bottle: string, options: Options): Promise<void> {
  if (options.output !== undefined && options.git !== true) {
    throw usageError("-o is for --git alone: a container's log has no form", "bb logs NAME --git -o json");
  }
  const lines = isOfAudit(options)
    ? auditLines(context, bottle, options)
    : podLines(context, bottle, options);
  for await (const line of await lines) print(context.terminal, `${escapeUntrusted(line)}\n`);
}

const isOfAudit = ({ audit, git }: Options): boolean => audit === true || git === true;

async function auditLines(
  context: CommandContext,
  bottle: string,
  options: Options,
): Promise<AsyncIterable<string>> {
  const { hasAudit, readAudit } = await import("../audit.ts");
  const { isGitLine, gitLineText } = await import("../git/git-lines.ts");
  const owner = { namespace: options.namespace, name: bottle };
  if (!hasAudit(context.config.stateDir, owner)) await assertBottle(context, owner);
  const lines = readAudit(context.config.stateDir, {
    ...owner,
    wants: options.git === true ? isGitLine : undefined,
    follow: options.follow === true,
    tail: options.tail,
    since: options.since === undefined ? undefined : new Date(nowMs() - options.since),
    signal: limitedBy(context.signal, options.timeout),
  });
  return options.git === true && options.output === undefined ? mapped(lines, gitLineText) : lines;
}

async function* mapped(
  lines: AsyncIterable<string>,
  change: (line: string) => string,
): AsyncGenerator<string> {
  for await (const line of lines) yield change(line);
}

/** Throws ApiError when there is no such bottle: one that is there has sent nothing yet. */
async function assertBottle(
  context: CommandContext,
  owner: { namespace: string; name: string },
): Promise<void> {
  const client = await context.connect();
  await client.call(pathOf(await resolveResource(client, "bottle"), owner));
  say(context.terminal, `bottle ${owner.name} has sent nothing yet`);
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
  if (options.tail !== undefined) query.set("tailLines", String(options.tail));
  if (options.since !== undefined) query.set("sinceSeconds", String(Math.ceil(options.since / 1000)));
  const pod = `/api/v1/namespaces/${encodeURIComponent(options.namespace)}/pods/${encodeURIComponent(bottle)}`;
  return client.lines(`${pod}/log?${query}`, { accept: "*/*" }, limitedBy(context.signal, options.timeout));
}

function lineCount(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}
