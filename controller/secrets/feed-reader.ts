import { realpathSync } from "node:fs";
import { readPrivateFile, replacePrivateFile } from "../private-file.ts";
import { type Feed, ttlOf } from "./feed.ts";
import { FeedError, readFeed } from "./read-feed.ts";
import { GrantRefusedError, refreshTokens } from "./token-endpoint.ts";

/** what an access token is good for when its endpoint does not say (RFC 6749 leaves that open) */
const USUAL_TOKEN_MS = 60 * 60_000;

/** A value with the time it is good for. */
export interface FedValue {
  readonly bytes: Buffer;
  /** undefined: for good */
  readonly lifetimeMs: number | undefined;
}

/**
 * Reads feeds, and keeps refresh tokens that came in the place of others: in
 * the file that the old one was in, or in memory where a command gave it.
 */
export class FeedReader {
  readonly #rotated = new Map<string, string>();

  /** The value that a feed gives now. Throws FeedError, or UnsafeFileError of a file with a refresh token. */
  async read(feed: Feed, signal: AbortSignal): Promise<FedValue> {
    if (feed.oauth === undefined) return { bytes: await readFeed(feed, signal), lifetimeMs: ttlOf(feed) };
    const id = JSON.stringify(feed);
    const rotated = this.#rotated.get(id);
    try {
      return await this.#exchange(feed, rotated ?? (await refreshTokenOf(feed, signal)), signal);
    } catch (error) {
      // a person may have signed in anew since
      if (rotated === undefined || !(error instanceof GrantRefusedError)) throw error;
      this.#rotated.delete(id);
      return this.#exchange(feed, await refreshTokenOf(feed, signal), signal);
    }
  }

  async #exchange(feed: Feed, refreshToken: string, signal: AbortSignal): Promise<FedValue> {
    const oauth = feed.oauth!;
    const answer = await refreshTokens(oauth, refreshToken, signal);
    const next = answer.refresh_token ?? refreshToken;
    if (next !== refreshToken) this.#keep(feed, next);
    const lifetimeMs =
      answer.expires_in === undefined ? (ttlOf(feed) ?? USUAL_TOKEN_MS) : answer.expires_in * 1000;
    return { bytes: Buffer.from(answer.access_token), lifetimeMs };
  }

  /** The old one may be worth nothing any more: in memory first, before anything can fail. */
  #keep(feed: Feed, refreshToken: string): void {
    const id = JSON.stringify(feed);
    this.#rotated.set(id, refreshToken);
    if (feed.file !== undefined && isWritten(feed.file, refreshToken)) this.#rotated.delete(id);
  }
}

/** A file is written again when the token changes, so it must be ours alone. */
async function refreshTokenOf(feed: Feed, signal: AbortSignal): Promise<string> {
  if (feed.file === undefined) return (await readFeed(feed, signal)).toString("utf8").trim();
  const token = readPrivateFile(feed.file)?.trim() ?? "";
  if (token === "") throw new FeedError(`the file ${feed.file} holds no refresh token`);
  return token;
}

/** Puts a refresh token in the place of the one in the file. Where that fails it stays in memory, until the next one. */
function isWritten(file: string, refreshToken: string): boolean {
  try {
    replacePrivateFile(realpathSync(file), `${refreshToken}\n`);
    return true;
  } catch {
    return false;
  }
}
