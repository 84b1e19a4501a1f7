import { Command } from "commander";
import type { ApiClient } from "../api/api-client.ts";
import { apiVersionOf, pathOf, type Resource } from "../api/discovery.ts";
import { TABLE, type KubeList, type KubeObject, type Table } from "../api/objects.ts";
import { watchCollection } from "../api/watch.ts";
import { usageError } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import { allNamespacesOption, namespaceOption, outputOption, selectorOption } from "../options.ts";
import { toJson, toYaml } from "../output/print-object.ts";
import { TablePrinter } from "../output/print-table.ts";
import { print, say } from "../output/terminal.ts";
import { parseTargets, qualifiedName, type Target } from "../targets.ts";

interface Options {
  readonly namespace: string;
  readonly allNamespaces?: true;
  readonly selector?: string;
  readonly fieldSelector?: string;
  readonly output?: "json" | "yaml" | "name" | "wide";
  readonly watch?: true;
  readonly headers: boolean;
}

/** `bb get`: objects of one or more kinds, as a table or whole. */
export function getCommand(context: CommandContext): Command {
  return new Command("get")
    .summary("show objects")
    .description("Shows objects: bottles, bottleclasses, agents, secrets, events, pods, …")
    .argument("<kind...>", "kinds and names, as in: bottles | bottle NAME… | bottle/NAME agent/NAME")
    .addOption(namespaceOption())
    .addOption(allNamespacesOption())
    .addOption(selectorOption())
    .option("--field-selector <selector>", "only objects with these fields, such as metadata.name=hello")
    .addOption(outputOption(["json", "yaml", "name", "wide"]))
    .option("-w, --watch", "show what is there, then each change until Ctrl-C")
    .option("--no-headers", "no line with the names of the columns")
    .addHelpText("after", EXAMPLES)
    .action((words: string[], options: Options) => get(context, words, options));
}

const EXAMPLES = `
Examples:
  bb get bottles                     what there is, and whether it is ready
  bb get bottles -o wide             with label, class, agent and runtime
  bb get bottle hello -o yaml        one, whole
  bb get bottles -w                  and every change
  bb get bottles,agents -A           several kinds, in every namespace
  bb get bottles -o name | xargs -n1 bb delete`;

async function get(context: CommandContext, words: string[], options: Options): Promise<void> {
  const client = await context.connect();
  const targets = await parseTargets(client, words);
  if (options.watch === true) return watchTable(context, client, { targets, options });
  if (options.output === undefined || options.output === "wide") {
    return showTables(context, client, { targets, options });
  }
  const objects = await readObjects(client, targets, options);
  if (options.output === "name") {
    print(context.terminal, objects.map(({ target, object }) => `${nameLine(target, object)}\n`).join(""));
    return;
  }
  const whole = objects.map(({ object }) => object);
  const answer =
    targets.length === 1 && targets[0]?.name !== undefined
      ? whole[0]
      : { apiVersion: "v1", kind: "List", metadata: {}, items: whole };
  print(context.terminal, options.output === "json" ? toJson(answer) : await toYaml(answer));
}

async function showTables(
  context: CommandContext,
  client: ApiClient,
  asked: { readonly targets: readonly Target[]; readonly options: Options },
): Promise<void> {
  const byKind = Map.groupBy(asked.targets, ({ resource }) => resource);
  let shown = 0;
  for (const [resource, targets] of byKind) {
    const printer = printerFor(resource, byKind.size > 1, asked.options);
    const tables = await Promise.all(
      targets.map((target) => client.call<Table>(pathFor(target, asked.options), { accept: TABLE })),
    );
    const rows = tables.flatMap((table) => table.rows ?? []);
    if (rows.length === 0) continue;
    print(context.terminal, (shown > 0 ? "\n" : "") + printer.format({ ...tables[0], rows }));
    shown += rows.length;
  }
  if (shown === 0) sayNothingFound(context, asked.options);
}

async function watchTable(
  context: CommandContext,
  client: ApiClient,
  asked: { readonly targets: readonly Target[]; readonly options: Options },
): Promise<void> {
  const { options } = asked;
  const target = watchable(asked.targets, options);
  const printer = printerFor(target.resource, false, options);
  const path = pathFor({ resource: target.resource }, options).split("?")[0] ?? "";
  const query = queryFor(options);
  if (target.name !== undefined) query.set("fieldSelector", `metadata.name=${target.name}`);
  const list = await client.call<Table>(`${path}?${query}`, { accept: TABLE });
  print(context.terminal, printer.format(list));
  const changes = watchCollection<Table>(client, path, {
    query,
    resourceVersion: list.metadata?.resourceVersion ?? "0",
    accept: TABLE,
    signal: context.signal,
  });
  for await (const { object } of changes) print(context.terminal, printer.format(object));
}

function watchable([target, other]: readonly Target[], { output }: Options): Target {
  if (target === undefined || other !== undefined)
    throw usageError("--watch follows one kind, or one object");
  if (output === undefined || output === "wide") return target;
  throw usageError("--watch shows a table", "leave out -o, or use -o wide");
}

async function readObjects(
  client: ApiClient,
  targets: readonly Target[],
  options: Options,
): Promise<{ target: Target; object: KubeObject }[]> {
  const answers = await Promise.all(
    targets.map(async (target) => {
      const answer = await client.call<KubeObject | KubeList>(pathFor(target, options));
      const items =
        "items" in answer ? answer.items.map((item) => withKind(item, target.resource)) : [answer];
      return items.map((object) => ({ target, object }));
    }),
  );
  return answers.flat();
}

/** Objects in a list come without their kind. */
function withKind(object: KubeObject, resource: Resource): KubeObject {
  return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
}

function pathFor(target: Target, options: Options): string {
  const namespace = options.allNamespaces === true ? undefined : options.namespace;
  const path = pathOf(target.resource, { namespace, name: target.name });
  const query = target.name === undefined ? queryFor(options).toString() : "";
  return query === "" ? path : `${path}?${query}`;
}

function queryFor(options: Options): URLSearchParams {
  const query = new URLSearchParams();
  if (options.selector !== undefined) query.set("labelSelector", options.selector);
  if (options.fieldSelector !== undefined) query.set("fieldSelector", options.fieldSelector);
  return query;
}

function printerFor(resource: Resource, severalKinds: boolean, options: Options): TablePrinter {
  return new TablePrinter({
    wide: options.output === "wide",
    withNamespace: options.allNamespaces === true && resource.namespaced,
    withHeadings: options.headers,
    namePrefix: severalKinds ? qualifiedName(resource, "") : "",
  });
}

function nameLine(target: Target, object: KubeObject): string {
  return qualifiedName(target.resource, object.metadata.name);
}

function sayNothingFound(context: CommandContext, options: Options): void {
  const where = options.allNamespaces === true ? "" : ` in namespace ${options.namespace}`;
  say(context.terminal, `nothing found${where}; bb apply -f FILE makes a bottle, -A looks everywhere`);
}
