import { join } from "node:path";
import { isSameFeed, readFeeds, recordFeed, removeFeeds, type Feed } from "../secrets/index.ts";
import type { ApiClient } from "./api/api-client.ts";
import { isNotFound } from "./api/api-error.ts";
import { pathOf, resolveResource, type Resource } from "./api/discovery.ts";
import type { KubeList, KubeObject } from "./api/objects.ts";
import { usageError } from "./cli-error.ts";
import { ageOf } from "./clock.ts";
import type { CommandContext } from "./context.ts";
import { toJson, toYaml } from "./output/print-object.ts";
import { formatTable } from "./output/table.ts";
import { print, say } from "./output/terminal.ts";
import { sourceOf, type SourceOptions, valueFrom } from "./secret-source.ts";
import { qualifiedName } from "./targets.ts";

const HOSTS_ANNOTATION = "bot-bottle.dev/hosts";

export interface SecretSetOptions extends SourceOptions {
  readonly host?: readonly string[];
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
  const feed = source === undefined ? undefined : { namespace, name, key, ...source };
  const stored = await withFeed(feedsPath(context), { namespace, name, key }, feed, () =>
    createOrPatch(client, { resource, namespace, name }, change),
  );
  const bound = stored.metadata.annotations?.[HOSTS_ANNOTATION];
  print(context.terminal, `${qualifiedName(resource, name)} set\n`);
  if (feed?.oauth !== undefined)
    say(context.terminal, `access tokens come from ${feed.oauth.tokenUrl} once a bottle needs one`);
  if (!bound)
    say(
      context.terminal,
      "it is bound to no host yet, so no route and no git remote can use it: add --host HOST[:PORT]",
    );
}

/** The controller looks for what feeds a key as soon as the key is written, so that is noted before. */
async function withFeed<T>(
  path: string,
  ref: Pick<Feed, "namespace" | "name" | "key">,
  feed: Feed | undefined,
  write: () => Promise<T>,
): Promise<T> {
  const before = readFeeds(path).find((other) => isSameFeed(other, ref));
  const note = (noted: Feed | undefined): void =>
    noted === undefined ? removeFeeds(path, ref) : recordFeed(path, noted);
  note(feed);
  try {
    return await write();
  } catch (error) {
    note(before);
    throw error;
  }
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
  const { name, namespace = "default", annotations, creationTimestamp } = secret.metadata;
  const keys = Object.keys(secret.data ?? {})
    .toSorted()
    .map((key) => {
      const feed = feeds.find((each) => isSameFeed(each, { namespace, name, key }));
      return { key, from: feed === undefined ? "memory" : originOf(feed) };
    });
  const hosts = (annotations?.[HOSTS_ANNOTATION] ?? "").split(",").filter((host) => host !== "");
  return { name, keys, hosts, created: creationTimestamp };
}

function originOf({ file, command, ttl, oauth }: Feed): string {
  const source = command === undefined ? `file ${file}` : "command";
  if (oauth !== undefined) return `OAuth at ${new URL(oauth.tokenUrl).host} with ${source}`;
  return ttl === undefined ? source : `${source}, good for ${ttl}`;
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
