import { resolve } from "node:path";
import { environmentVariable } from "../config.ts";
import { Feed, type FeedSource, readFeed } from "../secrets/index.ts";
import { CliError, usageError } from "./cli-error.ts";
import type { CommandContext } from "./context.ts";
import { readAll } from "./manifests/sources.ts";
import { askHidden } from "./output/ask-hidden.ts";
import { isInteractive } from "./output/terminal.ts";

/** Where the value of a secret comes from, as options say it. */
export interface SourceOptions {
  readonly key: string;
  readonly fromEnv?: string;
  readonly fromFile?: string;
  readonly fromCommand?: string;
  readonly ttl?: string;
  readonly oauthTokenUrl?: string;
  readonly oauthClientId?: string;
  readonly oauthClientSecretFile?: string;
  readonly oauthScope?: string;
  readonly oauthJson?: boolean;
}

/** The feed of the options; undefined for a value that is given once. */
export function sourceOf(options: SourceOptions): FeedSource | undefined {
  const { fromEnv, fromFile, fromCommand, ttl } = options;
  const given = [fromEnv, fromFile, fromCommand].filter((each) => each !== undefined);
  if (given.length > 1) throw usageError("give one of --from-env, --from-file and --from-command");
  const oauth = oauthOf(options);
  if (fromFile === undefined && fromCommand === undefined) {
    if (ttl === undefined && oauth === undefined) return undefined;
    throw usageError(
      `${ttl === undefined ? "--oauth-token-url" : "--ttl"} needs something to ask again`,
      "add --from-file or --from-command",
    );
  }
  return checked({
    ...(fromFile === undefined ? { command: fromCommand } : { file: resolve(fromFile) }),
    ...(ttl === undefined ? {} : { ttl }),
    ...(oauth === undefined ? {} : { oauth }),
  });
}

function checked(source: FeedSource): FeedSource {
  const parsed = Feed.safeParse({ name: "checked", key: "checked", ...source });
  if (parsed.success) return source;
  const { path, message } = parsed.error.issues[0]!;
  throw usageError(`the option for ${path.join(".")}: ${message}`);
}

function oauthOf(options: SourceOptions): Feed["oauth"] {
  const { oauthTokenUrl, oauthClientId, oauthClientSecretFile, oauthScope, oauthJson } = options;
  const given = [oauthTokenUrl, oauthClientId, oauthClientSecretFile, oauthScope, oauthJson];
  if (given.every((each) => each === undefined)) return undefined;
  if (oauthTokenUrl === undefined || oauthClientId === undefined)
    throw usageError("OAuth needs both --oauth-token-url and --oauth-client-id");
  return {
    tokenUrl: oauthTokenUrl,
    clientId: oauthClientId,
    ...(oauthClientSecretFile === undefined ? {} : { clientSecretFile: resolve(oauthClientSecretFile) }),
    ...(oauthScope === undefined ? {} : { scope: oauthScope }),
    ...(oauthJson === true ? { body: "json" as const } : {}),
  };
}

/**
 * The value to hand over now; empty where the controller gets it itself: a
 * refresh token may be good for one use, and never leaves who uses it.
 */
export async function valueFrom(
  context: CommandContext,
  source: FeedSource | undefined,
  options: SourceOptions,
): Promise<Buffer> {
  if (source?.oauth !== undefined) return Buffer.alloc(0);
  if (source !== undefined) return readFeed(source, context.signal);
  const text = await textFrom(context, options);
  if (text === "") throw new CliError("the value is empty", { next: "nothing was changed" });
  return Buffer.from(text);
}

async function textFrom({ terminal, signal }: CommandContext, options: SourceOptions): Promise<string> {
  const { fromEnv, key } = options;
  if (fromEnv !== undefined) {
    const value = environmentVariable(fromEnv);
    if (value === undefined)
      throw new CliError(`the variable ${fromEnv} is not set`, { next: `export ${fromEnv}=…` });
    return value;
  }
  if (isInteractive(terminal)) return askHidden(terminal, `value of ${key} (it is not shown): `, signal);
  return (await readAll(terminal.stdin)).replace(/^([^\n]*)\r?\n$/, "$1");
}
