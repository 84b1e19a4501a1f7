import { Command } from "commander";
import type { ApiClient } from "../api/api-client.ts";
import { pathOf, resolveResource } from "../api/discovery.ts";
import { watchCollection } from "../api/watch.ts";
import { ageOf } from "../clock.ts";
import type { CommandContext } from "../context.ts";
import { allNamespacesOption, namespaceOption, outputOption } from "../options.ts";
import { toJson, toYaml } from "../output/print-object.ts";
import { formatRows, formatTable } from "../output/table.ts";
import { print, say } from "../output/terminal.ts";
import { parseNamedTargets } from "../targets.ts";
import type { EventList, KubeEvent } from "../api/events.ts";
import { lastSeen } from "../api/events.ts";

const HEADINGS = ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"];

interface Options {
  readonly namespace: string;
  readonly allNamespaces?: true;
  readonly for?: string;
  readonly types?: string;
  readonly watch?: true;
  readonly output?: "json" | "yaml";
}

/** `bb events`: what happened to objects, oldest first. */
export function eventsCommand(context: CommandContext): Command {
  return new Command("events")
    .summary("show what happened")
    .description("Shows what happened to objects, oldest first.")
    .option("--for <object>", "only of this object, as KIND/NAME")
    .option("--types <types>", "only these types: Normal, Warning")
    .addOption(namespaceOption())
    .addOption(allNamespacesOption())
    .option("-w, --watch", "go on with what comes, until Ctrl-C")
    .addOption(outputOption(["json", "yaml"]))
    .addHelpText(
      "after",
      "\nExamples:\n  bb events\n  bb events --for bottle/hello -w\n  bb events --types Warning",
    )
    .action((options: Options) => events(context, options));
}

async function events(context: CommandContext, options: Options): Promise<void> {
  const client = await context.connect();
  const namespace = options.allNamespaces === true ? undefined : options.namespace;
  const path = pathOf(await resolveResource(client, "events"), { namespace });
  const query = await queryFor(client, options);
  const list = await client.call<EventList>(query.size > 0 ? `${path}?${query}` : path);
  const chosen = list.items.filter((event) => isWanted(event, options));
  const sorted = chosen.toSorted((a, b) => lastSeen(a).localeCompare(lastSeen(b)));
  await show(context, sorted, options);
  if (options.watch !== true) return;
  const resourceVersion = list.metadata.resourceVersion ?? "0";
  const changes = watchCollection<KubeEvent>(client, path, {
    query,
    resourceVersion,
    signal: context.signal,
  });
  for await (const { type, object } of changes) {
    if (type !== "DELETED" && isWanted(object, options)) print(context.terminal, formatRows([rowOf(object)]));
  }
}

async function show(context: CommandContext, sorted: readonly KubeEvent[], options: Options): Promise<void> {
  const whole = { apiVersion: "v1", kind: "List", metadata: {}, items: sorted };
  if (options.output === "json") print(context.terminal, toJson(whole));
  else if (options.output === "yaml") print(context.terminal, await toYaml(whole));
  else if (sorted.length === 0 && options.watch !== true) say(context.terminal, "no events");
  else print(context.terminal, formatTable(HEADINGS, sorted.map(rowOf)));
}

async function queryFor(client: ApiClient, options: Options): Promise<URLSearchParams> {
  if (options.for === undefined) return new URLSearchParams();
  const [target] = await parseNamedTargets(client, [options.for]);
  if (target === undefined) return new URLSearchParams();
  const fields = `involvedObject.kind=${target.resource.kind},involvedObject.name=${target.name}`;
  return new URLSearchParams({ fieldSelector: fields });
}

function isWanted(event: KubeEvent, options: Options): boolean {
  return options.types === undefined || options.types.split(",").includes(event.type);
}

function rowOf(event: KubeEvent): string[] {
  const { kind, name } = event.involvedObject;
  return [ageOf(lastSeen(event)), event.type, event.reason, `${kind}/${name}`, event.message];
}
