import { Command } from "commander";
import type { ApiClient } from "../api/api-client.ts";
import { lastSeen, type EventList, type KubeEvent } from "../api/events.ts";
import { pathOf, resolveResource } from "../api/discovery.ts";
import type { KubeCondition, KubeList, KubeObject } from "../api/objects.ts";
import { ageOf } from "../clock.ts";
import type { CommandContext } from "../context.ts";
import { namespaceOption } from "../options.ts";
import { conditionTable } from "../output/condition-table.ts";
import { toYaml } from "../output/print-object.ts";
import { formatTableWithText } from "../output/table.ts";
import { print, say } from "../output/terminal.ts";
import { parseTargets, type Target } from "../targets.ts";

/** `bb describe`: one object for people: its fields, conditions and events. */
export function describeCommand(context: CommandContext): Command {
  return new Command("describe")
    .summary("show objects with conditions and events")
    .description("Shows objects for people: fields, conditions with their reasons, and what happened.")
    .argument("<kind...>", "KIND NAME… or KIND/NAME…; all of a kind without names")
    .addOption(namespaceOption())
    .addHelpText("after", "\nExamples:\n  bb describe bottle hello\n  bb describe bottles")
    .action((words: string[], options: { namespace: string }) => describe(context, words, options.namespace));
}

async function describe(context: CommandContext, words: string[], namespace: string): Promise<void> {
  const client = await context.connect();
  const targets = await parseTargets(client, words);
  const objects = (await Promise.all(targets.map((target) => read(client, target, namespace)))).flat();
  const texts = await Promise.all(objects.map((object) => format(client, object)));
  if (texts.length === 0) say(context.terminal, `nothing found in namespace ${namespace}`);
  print(context.terminal, texts.join("\n\n"));
}

async function read(client: ApiClient, target: Target, namespace: string): Promise<KubeObject[]> {
  const answer = await client.call<KubeObject | KubeList>(
    pathOf(target.resource, { namespace, name: target.name }),
  );
  if (!("items" in answer)) return [answer];
  return answer.items.map((item) => ({ ...item, kind: target.resource.kind }));
}

async function format(client: ApiClient, object: KubeObject): Promise<string> {
  const { metadata, status, apiVersion, kind, ...others } = object;
  const { conditions, ...restOfStatus } = status ?? {};
  const { name, namespace, labels, creationTimestamp, deletionTimestamp } = metadata;
  const annotations = Object.entries(metadata.annotations ?? {}).filter(
    ([key]) => !key.startsWith("kubectl.kubernetes.io/"),
  );
  const fields = {
    Name: name,
    ...present("Namespace", namespace),
    Kind: kind,
    ...present("API version", apiVersion),
    ...present("Created", creationTimestamp && `${creationTimestamp} (${ageOf(creationTimestamp)} ago)`),
    ...present("Being deleted since", deletionTimestamp),
    ...present("Labels", labels),
    ...present("Annotations", Object.fromEntries(annotations)),
    ...present("Status", restOfStatus),
    ...Object.fromEntries(Object.entries(others).map(([key, value]) => [capitalized(key), value])),
  };
  return (await toYaml(fields)) + conditionsOf(conditions ?? []) + (await eventTable(client, object));
}

function conditionsOf(conditions: readonly KubeCondition[]): string {
  return conditions.length === 0 ? "" : `\n${conditionTable(conditions)}`;
}

async function eventTable(client: ApiClient, object: KubeObject): Promise<string> {
  if (object.metadata.uid === undefined || object.kind === "Event") return "";
  const path = pathOf(await resolveResource(client, "events"), {
    namespace: object.metadata.namespace ?? "default",
  });
  const query = new URLSearchParams({ fieldSelector: `involvedObject.uid=${object.metadata.uid}` });
  const { items } = await client.call<EventList>(`${path}?${query}`);
  if (items.length === 0) return "\nNo events.\n";
  const rows = items.toSorted((a, b) => lastSeen(a).localeCompare(lastSeen(b))).map(eventRow);
  return `\n${formatTableWithText(["EVENT", "REASON", "AGE", "COUNT", "MESSAGE"], rows)}`;
}

function eventRow(event: KubeEvent): string[] {
  return [event.type, event.reason, ageOf(lastSeen(event)), String(event.count ?? 1), event.message];
}

function present(name: string, value: unknown): Record<string, unknown> {
  const isEmpty = typeof value === "object" && value !== null && Object.keys(value).length === 0;
  return value === undefined || value === "" || isEmpty ? {} : { [name]: value };
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
