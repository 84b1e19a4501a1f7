import { Command } from "commander";
import { usageError } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import { namespaceOption, selectorOption, timeoutOption } from "../options.ts";
import { print } from "../output/terminal.ts";
import { selectObjects } from "../select-objects.ts";
import { qualifiedName } from "../targets.ts";
import { waitFor, type Wanted } from "../wait-for.ts";

interface Options {
  readonly for: string;
  readonly namespace: string;
  readonly filename?: readonly string[];
  readonly selector?: string;
  readonly all?: true;
  readonly timeout: number;
}

/** `bb wait`: until a condition holds, or an object is gone. */
export function waitCommand(context: CommandContext): Command {
  return new Command("wait")
    .summary("wait until something holds")
    .description("Waits until a condition of an object has a status, or until the object is gone.")
    .argument("[kind...]", "KIND NAME… or KIND/NAME…")
    .option("-f, --filename <path...>", "the objects of these files, folders, or - for stdin")
    .option("--for <what>", "condition=TYPE[=STATUS], or delete", "condition=Ready")
    .addOption(namespaceOption())
    .addOption(selectorOption())
    .option("--all", "every object of the kind")
    .addOption(timeoutOption("how long to wait", "5m"))
    .addHelpText("after", EXAMPLES)
    .action((words: string[], options: Options) => wait(context, words, options));
}

const EXAMPLES = `
Examples:
  bb wait bottle hello                         until it is ready
  bb wait bottle/hello --for=condition=Suspended --timeout 30s
  bb wait bottle/hello --for=delete
  bb wait bottles --all
  bb wait -f bottle.yaml`;

async function wait(context: CommandContext, words: string[], options: Options): Promise<void> {
  const wanted = parseWanted(options.for);
  const client = await context.connect();
  for (const awaited of await selectObjects(context, client, { words, ...options })) {
    await waitFor(context, client, { awaited, wanted, timeoutMs: options.timeout });
    const end = wanted === "delete" ? "deleted" : "condition met";
    print(context.terminal, `${qualifiedName(awaited.resource, awaited.name)} ${end}\n`);
  }
}

function parseWanted(text: string): Wanted {
  if (text === "delete") return "delete";
  const found = /^condition=(?<type>[A-Za-z]+)(=(?<status>[A-Za-z]+))?$/.exec(text)?.groups;
  if (found?.type === undefined) {
    throw usageError(`--for is "${text}"`, "it must be condition=TYPE, condition=TYPE=STATUS or delete");
  }
  return { type: found.type, status: found.status ?? "True" };
}
