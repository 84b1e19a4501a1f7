import { join, resolve } from "node:path";
import { environmentVariable } from "../config.ts";
import { readFeed, readFeeds, recordFeed, removeFeeds, type Feed } from "../secrets/index.ts";
import type { ApiClient } from "./api/api-client.ts";
import { isNotFound } from "./api/api-error.ts";
import { pathOf, resolveResource, type Resource } from "./api/discovery.ts";
import type { KubeList, KubeObject } from "./api/objects.ts";
import { CliError, usageError } from "./cli-error.ts";
import { ageOf } from "./clock.ts";
import type { CommandContext } from "./context.ts";
import { readAll } from "./manifests/sources.ts";
import { askHidden } from "./output/ask-hidden.ts";
import { toJson, toYaml } from "./output/print-object.ts";
import { formatTable } from "./output/table.ts";
import { isInteractive, print, say } from "./output/terminal.ts";
import { qualifiedName } from "./targets.ts";

const HOSTS_ANNOTATION = "bot-bottle.dev/hosts";

export interface SecretSetOptions {
  readonly key: string;
  readonly host?: readonly string[];
  readonly fromEnv?: string;
  readonly fromFile?: string;
  readonly fromCommand?: string;
  readonly namespace: string;
}

/** Gives a key its value, and notes the file or command that it comes from. */
export async function setSecret(
  context: CommandContext,
  name: string,
  options: SecretSetOptions,
): Promise<void> {
  const hosts = options.host?.map(checkedHost);
  const source = sourceOf(options);
  const value = await valueFrom(context, source, options);
  const client = await context.connect();
  const resource = await resolveResource(client, "secrets");
  const { namespace, key } = options;
  const change = {
    metadata: {
      name,
      ...(hosts === undefined ? {} : { annotations: { [HOSTS_ANNOTATION]: hosts.join(",") } }),
    },
    data: { [key]: value.toString("base64") },
  };
  const stored = await createOrPatch(client, { resource, namespace, name }, change);
  const feeds = feedsPath(context);
  if (source === undefined) removeFeeds(feeds, { namespace, name, key });
  else recordFeed(feeds, { namespace, name, key, ...source });
  const bound = stored.metadata.annotations?.[HOSTS_ANNOTATION];
  print(context.terminal, `${qualifiedName(resource, name)} set\n`);
  if (!bound)
    say(
      context.terminal,
      "it is bound to no host yet, so no route and no git remote can use it: add --host HOST[:PORT]",
    );
}

/** Names, keys and hosts; never values. */
export async function listSecrets(
  context: CommandContext,
  options: { readonly namespace: string; readonly output?: "json" | "yaml" },
): Promise<void> {
  const client = await context.connect();
  const { namespace } = options;
  const path = pathOf(await resolveResource(client, "secrets"), { namespace });
  const { items } = await client.call<KubeList>(path);
  const feeds = readFeeds(feedsPath(context));
  const secrets = items.map((secret) => summaryOf(secret, feeds));
  if (options.output === "json") print(context.terminal, toJson(secrets));
  else if (options.output === "yaml") print(context.terminal, await toYaml(secrets));
  else if (secrets.length === 0)
    say(context.terminal, `no secrets in namespace ${namespace}; bb secret set makes one`);
  else print(context.terminal, tableOf(secrets));
}

/** Forgets secrets, and where their values came from. */
export async function deleteSecrets(
  context: CommandContext,
  names: string[],
  namespace: string,
): Promise<void> {
  const client = await context.connect();
  const resource = await resolveResource(client, "secrets");
  for (const name of names) {
    await client.call(pathOf(resource, { namespace, name }), { method: "DELETE" });
    removeFeeds(feedsPath(context), { namespace, name });
    print(context.terminal, `${qualifiedName(resource, name)} deleted\n`);
  }
}

interface SecretSummary {
  readonly name: string;
  readonly keys: readonly { readonly key: string; readonly from: string }[];
  readonly hosts: readonly string[];
  readonly created: string | undefined;
}

function summaryOf(secret: KubeObject & { data?: object }, feeds: readonly Feed[]): SecretSummary {
  const { name, namespace, annotations, creationTimestamp } = secret.metadata;
  const isFor = (feed: Feed, key: string): boolean =>
    feed.namespace === namespace && feed.name === name && feed.key === key;
  const keys = Object.keys(secret.data ?? {})
    .toSorted()
    .map((key) => {
      const feed = feeds.find((each) => isFor(each, key));
      return {
        key,
        from: feed === undefined ? "memory" : feed.file !== undefined ? `file ${feed.file}` : "command",
      };
    });
  const hosts = (annotations?.[HOSTS_ANNOTATION] ?? "").split(",").filter((host) => host !== "");
  return { name, keys, hosts, created: creationTimestamp };
}

function tableOf(secrets: readonly SecretSummary[]): string {
  const rows = secrets.map(({ name, keys, hosts, created }) => [
    name,
    keys.map(({ key, from }) => `${key} (${from})`).join(", "),
    hosts.join(", ") || "<none>",
    ageOf(created),
  ]);
  return formatTable(["NAME", "KEYS", "HOSTS", "AGE"], rows);
}

async function createOrPatch(
  client: ApiClient,
  where: { readonly resource: Resource; readonly namespace: string; readonly name: string },
  change: object,
): Promise<KubeObject> {
  try {
    return await client.call<KubeObject>(pathOf(where.resource, where), {
      method: "PATCH",
      contentType: "application/merge-patch+json",
      body: change,
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const body = { apiVersion: "v1", kind: "Secret", type: "Opaque", ...change };
    return client.call<KubeObject>(pathOf(where.resource, { namespace: where.namespace }), {
      method: "POST",
      body,
    });
  }
}

/** The file or command of the options; undefined for a value that is given once. */
function sourceOf(options: SecretSetOptions): Pick<Feed, "file" | "command"> | undefined {
  const given = [options.fromEnv, options.fromFile, options.fromCommand].filter((each) => each !== undefined);
  if (given.length > 1) throw usageError("give one of --from-env, --from-file and --from-command");
  if (options.fromFile !== undefined) return { file: resolve(options.fromFile) };
  return options.fromCommand === undefined ? undefined : { command: options.fromCommand };
}

async function valueFrom(
  context: CommandContext,
  source: Pick<Feed, "file" | "command"> | undefined,
  options: SecretSetOptions,
): Promise<Buffer> {
  if (source !== undefined) return readFeed(source, context.signal);
  const text = await textFrom(context, options);
  if (text === "") throw new CliError("the value is empty", { next: "nothing was changed" });
  return Buffer.from(text);
}

async function textFrom(
  { terminal, signal }: CommandContext,
  { fromEnv, key }: SecretSetOptions,
): Promise<string> {
  if (fromEnv !== undefined) {
    const value = environmentVariable(fromEnv);
    if (value === undefined)
      throw new CliError(`the variable ${fromEnv} is not set`, { next: `export ${fromEnv}=…` });
    return value;
  }
  if (isInteractive(terminal)) return askHidden(terminal, `value of ${key} (it is not shown): `, signal);
  return (await readAll(terminal.stdin)).replace(/^([^\n]*)\r?\n$/, "$1");
}

function checkedHost(host: string): string {
  if (!/^[A-Za-z0-9.:_[\]-]+$/.test(host)) {
    throw usageError(
      `--host is "${host}"`,
      "give a host with or without a port, such as api.example.com:8443",
    );
  }
  return host.toLowerCase();
}

function feedsPath({ config }: CommandContext): string {
  return join(config.configDir, "secrets.yaml");
}
