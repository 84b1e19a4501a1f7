import { Command } from "commander";
import type { ApiClient } from "../api/api-client.ts";
import { isNotFound } from "../api/api-error.ts";
import { pathOf } from "../api/discovery.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import { limitedBy, namespaceOption, selectorOption, timeoutOption } from "../options.ts";
import { print } from "../output/terminal.ts";
import { startProgress } from "../output/progress.ts";
import { type NamedObject, selectObjects } from "../select-objects.ts";
import { qualifiedName } from "../targets.ts";
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
  const named = await selectObjects(context, client, { words, ...options });
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
  about: { readonly client: ApiClient; readonly target: NamedObject; readonly signal: AbortSignal },
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
