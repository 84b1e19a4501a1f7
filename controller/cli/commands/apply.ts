import { Command } from "commander";
import type { ApiClient } from "../api/api-client.ts";
import { ApiError, isNotFound } from "../api/api-error.ts";
import { apiVersionOf, discover, pathOf, resourceOf, type Resource } from "../api/discovery.ts";
import type { KubeObject } from "../api/objects.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import { applyPatch, withLastApplied } from "../manifests/apply-patch.ts";
import { parseManifest, type ManifestDocument } from "../manifests/documents.ts";
import { readSources } from "../manifests/sources.ts";
import { namespaceOption } from "../options.ts";
import { print } from "../output/terminal.ts";
import { qualifiedName } from "../targets.ts";

interface Options {
  readonly filename: readonly string[];
  readonly namespace: string;
  readonly dryRun?: true;
}

interface Applicable {
  readonly document: ManifestDocument;
  readonly resource: Resource;
  readonly namespace: string;
}

/** `bb apply`: makes the objects of files what the files say. */
export function applyCommand(context: CommandContext): Command {
  return new Command("apply")
    .summary("make objects what files say")
    .description(
      "Creates the objects of files, or changes them to what the files say. Everything is checked before anything is changed.",
    )
    .requiredOption("-f, --filename <path...>", "file, folder, or - for stdin; may be given several times")
    .addOption(namespaceOption())
    .option("--dry-run", "let the server check everything and change nothing")
    .addHelpText("after", EXAMPLES)
    .action((options: Options) => apply(context, options));
}

const EXAMPLES = `
Examples:
  bb apply -f bottle.yaml
  bb apply -f bottles/               every .yaml, .yml and .json file in a folder
  bb apply -f - < bottle.yaml
  bb apply -f bottle.yaml --dry-run`;

async function apply(context: CommandContext, options: Options): Promise<void> {
  const sources = await readSources(options.filename, context.terminal.stdin);
  const documents = (await Promise.all(sources.map(parseManifest))).flat();
  if (documents.length === 0)
    throw new CliError("there is no object in what was given", { next: "check -f" });
  const client = await context.connect();
  const items = withResources(documents, await discover(client), options.namespace);
  await checkAll(client, items);
  if (options.dryRun === true) {
    for (const item of items) print(context.terminal, `${nameOf(item)} checked (dry run)\n`);
    return;
  }
  for (const item of items) {
    const what = await located(item, () => applyOne(client, item, ""));
    print(context.terminal, `${nameOf(item)} ${what}\n`);
  }
}

function withResources(
  documents: readonly ManifestDocument[],
  known: readonly Resource[],
  namespace: string,
): Applicable[] {
  return documents.map((document) => {
    const { object } = document;
    const resource = resourceOf(known, object);
    if (resource === undefined) throw unknownKind(document, known);
    return { document, resource, namespace: object.metadata.namespace ?? namespace };
  });
}

function unknownKind({ object, locate }: ManifestDocument, known: readonly Resource[]): CliError {
  const meant = known.find(({ kind }) => kind === object.kind);
  const kinds = known.map((each) => `${each.kind} (${apiVersionOf(each)})`).join(", ");
  const next = meant === undefined ? `the kinds are: ${kinds}` : `write apiVersion: ${apiVersionOf(meant)}`;
  const field = meant === undefined ? "kind" : "apiVersion";
  return new CliError(`${locate(field)}: there is no ${object.kind} in ${object.apiVersion}`, {
    next: `${next}; nothing was applied`,
  });
}

/** Asks the server about every object first, so that a mistake in the last one leaves none applied. */
async function checkAll(client: ApiClient, items: readonly Applicable[]): Promise<void> {
  const problems: string[] = [];
  const made = new Set(
    items.flatMap(({ resource, document }) =>
      resource.kind === "Namespace" ? [document.object.metadata.name] : [],
    ),
  );
  for (const item of items) {
    try {
      await applyOne(client, item, "&dryRun=All");
    } catch (error) {
      // a namespace of the same files is not there yet; the real call will find it
      if (isNotFound(error) && made.has(item.namespace)) continue;
      if (!(error instanceof ApiError)) throw error;
      problems.push(...problemsOf(item, error));
    }
  }
  if (problems.length > 0)
    throw new CliError(problems.join("\n"), { next: "mend this; nothing was applied" });
}

async function applyOne(client: ApiClient, item: Applicable, dryRun: string): Promise<string> {
  const { resource, namespace } = item;
  const object = resource.namespaced ? inNamespace(item.document.object, namespace) : item.document.object;
  const query = `?fieldManager=bb&fieldValidation=Strict${dryRun}`;
  const path = pathOf(resource, { namespace, name: object.metadata.name });
  let live: KubeObject;
  try {
    live = await client.call<KubeObject>(path);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const body = withLastApplied(object);
    await client.call(`${pathOf(resource, { namespace })}${query}`, { method: "POST", body });
    return "created";
  }
  const patch = applyPatch(live, object);
  if (patch === undefined) return "unchanged";
  const contentType = "application/merge-patch+json";
  await client.call(`${path}${query}`, { method: "PATCH", contentType, body: patch });
  return "configured";
}

async function located<T>(item: Applicable, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new CliError(problemsOf(item, error).join("\n"), { cause: error });
  }
}

/** One line per cause, each with file and line. */
function problemsOf(item: Applicable, error: ApiError): string[] {
  const { document } = item;
  const causes = error.status.details?.causes ?? [];
  const listed = causes.filter(({ field }) => field !== undefined && field !== "");
  if (listed.length > 0) {
    return listed.map(
      ({ field, message }) => `${document.locate(field ?? "")}: ${field}: ${message ?? "is wrong"}`,
    );
  }
  const unknown = unknownFieldsIn(error.message);
  if (unknown.length > 0) return unknown.map(({ field, told }) => `${document.locate(field)}: ${told}`);
  const field = isNotFound(error) ? "metadata.namespace" : "metadata.name";
  return [`${document.locate(field)}: ${error.message}`];
}

/** Kubernetes tells all unknown fields in one sentence: `… unknown field "spec.egres"…, unknown field "spec.x"…`. */
function unknownFieldsIn(message: string): { readonly field: string; readonly told: string }[] {
  const each = [...message.matchAll(/unknown field "(?<field>[^"]+)".*?(?=, unknown field "|$)/gs)];
  return each.map(([told, field = ""]) => ({ field, told }));
}

function inNamespace(object: KubeObject, namespace: string): KubeObject {
  return { ...object, metadata: { ...object.metadata, namespace } };
}

function nameOf({ resource, document }: Applicable): string {
  return qualifiedName(resource, document.object.metadata.name);
}
