import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { DeployKeyError } from "../../reconcilers/contract/deploy-keys.ts";

/** Who is spoken to, and by what right. */
export interface ForgeAccess {
  /** https */
  readonly forgeUrl: string;
  /** PEM that the forge is verified against instead of the public roots */
  readonly caBundle: string | undefined;
  readonly token: string;
  readonly timeoutMs: number;
}

export interface ForgeRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** below the forge's URL */
  readonly path: string;
  readonly body?: object;
}

export interface ForgeAnswer {
  readonly status: number;
  /** parsed; undefined when there is none or it is no JSON */
  readonly body: unknown;
}

/** a page of keys is some 150 KB: each comes with all that the forge knows of the repository */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** a repository that was renamed is found by one */
const MOST_REDIRECTS = 3;

/**
 * Asks a forge over verified TLS, within the time that is given. Goes on to where the forge says that the thing is now, as long as
 * that is the forge itself: the token goes nowhere else. Throws DeployKeyError, which quotes nothing that the forge
 * said: it has the token and might repeat it.
 */
export async function callForge(
  access: ForgeAccess,
  wanted: ForgeRequest,
  signal: AbortSignal,
): Promise<ForgeAnswer> {
  const forge = forgeOf(access.forgeUrl);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(access.timeoutMs)]);
  let url = new URL(access.forgeUrl.replace(/\/$/, "") + wanted.path);
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const answer = await send(url, { access, wanted, signal: limit });
    const next = redirectOf(answer, url);
    if (next === undefined) return await answerOf(answer, forge.host);
    answer.destroy();
    if (next.origin !== forge.origin) {
      throw new DeployKeyError(`the forge ${forge.host} sends elsewhere: write in forge.url where it is now`);
    }
    url = next;
  }
  throw new DeployKeyError(`the forge ${forge.host} sends from one place to the next: check forge.url`);
}

function forgeOf(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === "https:") return url;
  throw new DeployKeyError("the forge's URL must begin with https://: the token is sent there");
}

async function send(
  url: URL,
  {
    access,
    wanted,
    signal,
  }: { readonly access: ForgeAccess; readonly wanted: ForgeRequest; readonly signal: AbortSignal },
): Promise<IncomingMessage> {
  const body = wanted.body === undefined ? undefined : JSON.stringify(wanted.body);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = request(url, {
    method: wanted.method,
    signal,
    // a connection of its own: nothing is kept open between passes
    agent: false,
    ...(access.caBundle === undefined ? {} : { ca: access.caBundle }),
    headers: {
      authorization: `token ${access.token}`,
      accept: "application/json",
      "user-agent": "bot-bottle",
      ...(body === undefined
        ? {}
        : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
    },
  });
  sent.once("response", resolve);
  sent.on("error", reject);
  sent.end(body);
  try {
    return await promise;
  } catch (error) {
    throw unreachable(url.host, error);
  }
}

function redirectOf({ statusCode = 0, headers }: IncomingMessage, from: URL): URL | undefined {
  if (![301, 302, 307, 308].includes(statusCode) || headers.location === undefined) return undefined;
  return URL.parse(headers.location, from.href) ?? undefined;
}

async function answerOf(answer: IncomingMessage, host: string): Promise<ForgeAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) throw new DeployKeyError(`the forge ${host} says too much`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof DeployKeyError ? error : unreachable(host, error);
  }
  return { status: answer.statusCode ?? 0, body: parsed(Buffer.concat(chunks).toString("utf8")) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // a page for people, or nothing: the status says enough
  }
}

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "its name could not be looked up",
  ECONNRESET: "it broke the connection off",
  EHOSTUNREACH: "it cannot be reached",
  ENETUNREACH: "it cannot be reached",
  EPROTO: "what answers there speaks no TLS",
};
const ABOUT_CERTIFICATES = "its certificate is not trusted: forge.caBundle names another CA";

function unreachable(host: string, cause: unknown): DeployKeyError {
  const { code = "", name } = cause as NodeJS.ErrnoException;
  const isLate = name === "AbortError" || name === "TimeoutError";
  const isCertificate = /CERT|SELF_SIGNED|UNABLE_TO|HOSTNAME/.test(code);
  const late = isLate ? "it did not answer in time" : undefined;
  const why = late ?? (isCertificate ? `${ABOUT_CERTIFICATES} (${code})` : (CAUSES[code] ?? code));
  return new DeployKeyError(`the forge ${host} cannot be asked: ${why}`);
}
