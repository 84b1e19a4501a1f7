import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { parse, stringify, YAMLParseError } from "yaml";
import { readPrivateFile, replacePrivateFile, UnsafeFileError } from "../private-file.ts";
import { isSameFeed, Feeds, type Feed, type FeedRef } from "./feed.ts";

/** secrets.yaml cannot be used; the message says what to do and quotes nothing of it. */
export class FeedFileError extends Error {
  override readonly name = "FeedFileError";
}

const HEADING =
  "# Where secret values come from after a restart. Written by `bb secret set`; keep it 0600.\n";

/** The feeds in secrets.yaml; none when it is absent. Throws FeedFileError, also when others may read the file. */
export function readFeeds(path: string): readonly Feed[] {
  const text = textOf(path);
  return text === undefined ? [] : parsed(path, text).feeds;
}

/** Adds a feed to secrets.yaml, in the place of one for the same key. Throws FeedFileError. */
export function recordFeed(path: string, feed: Feed): void {
  write(path, [...readFeeds(path).filter((other) => !isSameFeed(other, feed)), feed]);
}

/** Removes what feeds a key; with no key, what feeds any key of the Secret. Throws FeedFileError. */
export function removeFeeds(path: string, of: Omit<FeedRef, "key"> & { readonly key?: string }): void {
  const feeds = readFeeds(path);
  const kept = feeds.filter((feed) => !isSameFeed(feed, { ...of, key: of.key ?? feed.key }));
  if (kept.length < feeds.length) write(path, kept);
}

/** The file names commands that the controller runs: whoever may write it may run them. */
function textOf(path: string): string | undefined {
  try {
    return readPrivateFile(path);
  } catch (error) {
    if (!(error instanceof UnsafeFileError)) throw error;
    throw new FeedFileError(error.message);
  }
}

function parsed(path: string, text: string): Feeds {
  try {
    return Feeds.parse(parse(text) ?? {});
  } catch (error) {
    const where =
      error instanceof YAMLParseError ? `line ${error.linePos?.[0].line ?? "?"}` : issuesOf(error);
    throw new FeedFileError(`${path} is not valid: ${where}`);
  }
}

/** Paths and complaints of zod, which never hold the input. */
function issuesOf(error: unknown): string {
  const { issues = [] } = error as { issues?: { path: PropertyKey[]; message: string }[] };
  return issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
}

function write(path: string, feeds: readonly Feed[]): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  replacePrivateFile(path, HEADING + stringify({ feeds }));
}
