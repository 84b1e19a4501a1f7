import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import * as z from "zod";
import { readPrivateFile } from "../private-file.ts";
import type { OAuth } from "./feed.ts";
import { FeedError } from "./read-feed.ts";

const TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 256 * 1024;

/** What a token endpoint gives (RFC 6749, section 5.1). */
const TokenAnswer = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive().optional(),
  refresh_token: z.string().min(1).optional(),
});
export type TokenAnswer = z.infer<typeof TokenAnswer>;

/** Reasons that an endpoint may give (RFC 6749, section 5.2); nothing else of what it says is repeated. */
const REASONS = [
  "invalid_client",
  "invalid_grant",
  "invalid_request",
  "invalid_scope",
  "unauthorized_client",
  "unsupported_grant_type",
];

/** The endpoint took the refresh token for a bad one: another attempt with it would end the same. */
export class GrantRefusedError extends FeedError {}

/**
 * Gets an access token with a refresh token, over verified TLS and from the
 * endpoint itself: no redirect is followed. Throws FeedError, which quotes
 * neither a token nor what the endpoint said.
 */
export async function refreshTokens(
  oauth: OAuth,
  refreshToken: string,
  signal: AbortSignal,
): Promise<TokenAnswer> {
  const { host } = new URL(oauth.tokenUrl);
  const fields = fieldsOf(oauth, refreshToken);
  const isJson = oauth.body === "json";
  const body = isJson ? JSON.stringify(fields) : new URLSearchParams(fields).toString();
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const headers = {
    "content-type": isJson ? "application/json" : "application/x-www-form-urlencoded",
    "content-length": Buffer.byteLength(body),
    accept: "application/json",
    "user-agent": "bot-bottle",
  };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const ca = oauth.caFile === undefined ? {} : { ca: readCa(oauth.caFile) };
  const sent = request(oauth.tokenUrl, {
    ...{ method: "POST", headers, signal: limit, agent: false, rejectUnauthorized: true },
    ...ca,
  });
  sent.once("response", resolve);
  sent.on("error", reject);
  sent.end(body);
  try {
    const answer = await promise;
    return understood(answer.statusCode ?? 0, await textOf(answer, host), host);
  } catch (error) {
    throw error instanceof FeedError ? error : unreachable(host, error);
  }
}

function fieldsOf(
  { clientId, clientSecretFile, scope }: OAuth,
  refreshToken: string,
): Record<string, string> {
  const secret = clientSecretFile === undefined ? undefined : readPrivateFile(clientSecretFile)?.trim();
  if (clientSecretFile !== undefined && !secret)
    throw new FeedError(`the file ${clientSecretFile} holds no client secret`);
  return {
    grant_type: "refresh_token",
    refresh_token: refreshToken,
    client_id: clientId,
    ...(secret === undefined ? {} : { client_secret: secret }),
    ...(scope === undefined ? {} : { scope }),
  };
}

function readCa(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new FeedError(`the file ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

async function textOf(answer: IncomingMessage, host: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new FeedError(`the token endpoint ${host} says too much`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function understood(status: number, text: string, host: string): TokenAnswer {
  const object = parsed(text);
  if (status !== 200) {
    const said = (object as { error?: unknown } | undefined)?.error;
    const reason = REASONS.find((each) => each === said);
    const message = `the token endpoint ${host} answered ${status}${reason === undefined ? "" : ` (${reason})`}`;
    throw reason === "invalid_grant" ? new GrantRefusedError(message) : new FeedError(message);
  }
  const answer = TokenAnswer.safeParse(object);
  if (!answer.success) throw new FeedError(`the token endpoint ${host} gave no access token`);
  return answer.data;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // a page for people: the status says enough
  }
}

function unreachable(host: string, cause: unknown): FeedError {
  const { code = "", name } = cause as NodeJS.ErrnoException;
  const isLate = name === "AbortError" || name === "TimeoutError";
  return new FeedError(
    `the token endpoint ${host} cannot be asked: ${isLate ? "it did not answer in time" : code}`,
  );
}
