import { Command } from "commander";
import type { ApiClient } from "../api/api-client.ts";
import { isNotFound } from "../api/api-error.ts";
import { discover, pathOf, resourceOf } from "../api/discovery.ts";
import type { KubeList } from "../api/objects.ts";
import { CliError, usageError } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import { parseManifest } from "../manifests/documents.ts";
import { readSources } from "../manifests/sources.ts";
import { limitedBy, namespaceOption, selectorOption, timeoutOption } from "../options.ts";
import { print } from "../output/terminal.ts";
import { startProgress } from "../output/progress.ts";
import { parseTargets, qualifiedName, type Target } from "../targets.ts";
import { untilDeleted } from "../until.ts";

interface Options {
  readonly namespace: string;
  readonly filename?: readonly string[];
  readonly selector?: string;
  readonly all?: true;
  readonly ignoreNotFound?: true;
  readonly wait: boolean;
  readonly timeout: number;
}

type Named = Target & { readonly name: string; readonly namespace: string };

/** `bb delete`: removes objects; a bottle goes with everything in it. */
export function deleteCommand(context: CommandContext): Command {
  return new Command("delete")
    .summary("remove objects")
    .description(
      "Removes objects and waits until they are gone. A bottle goes with its containers and its home.",
    )
    .argument("[kind...]", "KIND NAME… or KIND/NAME…")
    .option("-f, --filename <path...>", "the objects of these files, folders, or - for stdin")
    .addOption(namespaceOption())
    .addOption(selectorOption())
    .option("--all", "every object of the kind")
    .option("--ignore-not-found", "an object that is not there is no failure")
    .option("--no-wait", "come back at once")
    .addOption(timeoutOption("how long to wait", "2m"))
    .addHelpText("after", EXAMPLES)
    .action((words: string[], options: Options) => remove(context, words, options));
}

const EXAMPLES = `
Examples:
  bb delete bottle hello
  bb delete -f bottle.yaml
  bb delete bottles --all`;

async function remove(context: CommandContext, words: string[], options: Options): Promise<void> {
  const client = await context.connect();
  const named = await selected(context, client, { words, options });
  const signal = limitedBy(context.signal, options.timeout);
  for (const target of named) {
    const path = pathOf(target.resource, { namespace: target.namespace, name: target.name });
    const called = qualifiedName(target.resource, target.name);
    try {
      await client.call(path, { method: "DELETE", body: { propagationPolicy: "Background" } });
    } catch (error) {
      if (options.ignoreNotFound === true && isNotFound(error)) continue;
      throw error;
    }
    if (options.wait) await waitUntilGone(context, { client, target, signal });
    print(context.terminal, `${called} deleted\n`);
  }
}

async function waitUntilGone(
  context: CommandContext,
  about: { readonly client: ApiClient; readonly target: Named; readonly signal: AbortSignal },
): Promise<void> {
  const called = qualifiedName(about.target.resource, about.target.name);
  const progress = startProgress(context.terminal, `deleting ${called}`);
  try {
    await untilDeleted(about.client, about.target, about.signal);
  } catch (error) {
    if (!about.signal.aborted || context.signal.aborted) throw error;
    throw new CliError(`${called} is being deleted and was not gone in time`, {
      next: `bb describe ${about.target.resource.singular} ${about.target.name} says what it waits for`,
    });
  } finally {
    progress.done();
  }
}

async function selected(
  context: CommandContext,
  client: ApiClient,
  asked: { readonly words: string[]; readonly options: Options },
): Promise<Named[]> {
  const { words, options } = asked;
  if (options.filename !== undefined) return inFiles(context, client, options);
  const targets = await parseTargets(client, words);
  const named = await Promise.all(targets.map((target) => expand(client, target, options)));
  return named.flat();
}

async function expand(client: ApiClient, target: Target, options: Options): Promise<Named[]> {
  const { namespace } = options;
  if (target.name !== undefined) return [{ ...target, name: target.name, namespace }];
  if (options.all !== true && options.selector === undefined) {
    throw usageError("name what to delete", "NAME, -l SELECTOR, or --all for every one");
  }
  const query =
    options.selector === undefined ? "" : `?${new URLSearchParams({ labelSelector: options.selector })}`;
  const list = await client.call<KubeList>(`${pathOf(target.resource, { namespace })}${query}`);
  return list.items.map(({ metadata }) => ({ ...target, name: metadata.name, namespace }));
}

async function inFiles(context: CommandContext, client: ApiClient, options: Options): Promise<Named[]> {
  const sources = await readSources(options.filename ?? [], context.terminal.stdin);
  const documents = (await Promise.all(sources.map(parseManifest))).flat();
  const known = await discover(client);
  return documents.map(({ object, locate }) => {
    const resource = resourceOf(known, object);
    if (resource === undefined)
      throw new CliError(`${locate("kind")}: there is no ${object.kind} in ${object.apiVersion}`);
    return {
      resource,
      name: object.metadata.name,
      namespace: object.metadata.namespace ?? options.namespace,
    };
  });
}
