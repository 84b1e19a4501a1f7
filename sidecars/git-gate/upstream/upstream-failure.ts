import type { ChildEnd } from "../process/child.ts";
import { plainText } from "../plain-text.ts";

export type UpstreamReason =
  | "HostKeyMismatch"
  | "AuthenticationFailed"
  | "UpstreamUnreachable"
  | "UpstreamCorrupt"
  /** nothing is wrong, and it takes long */
  | "StillFetching";

/** Upstream was asked and did not serve; `message` is fit for the agent to see. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  readonly reason: UpstreamReason;

  constructor(reason: UpstreamReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

const SSH_HOST_KEY =
  /Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|host key is known for/;
const SSH_KEY = /Permission denied|Too many authentication failures|no mutual signature/;
const TOKEN = /^fatal: Authentication failed|could not read (?:Username|Password)|returned error: 40[13]/m;
const REDIRECT = /returned error: 30[1-8]|unable to update url base from redirection/;
const CERTIFICATE = /certificate|gnutls_handshake|SSL_connect|SSL routines/i;
const HTTPS = /^fatal: unable to access|^fatal: repository '.*' not found/m;
const CONNECTION =
  /Could not read from remote repository|the remote end hung up|early EOF|^ssh: |^error: RPC failed/m;

/** What git and ssh say, and what it means; the first that fits. */
const CAUSES: readonly (readonly [RegExp, UpstreamReason, string])[] = [
  [
    SSH_HOST_KEY,
    "HostKeyMismatch",
    "upstream does not have the host key that is pinned for it, and was sent nothing: if its owner changed the key, " +
      "knownHost needs the new one, which `bb git known-host` prints",
  ],
  [
    SSH_KEY,
    "AuthenticationFailed",
    "upstream did not accept the key of this remote: its public half must be known there, for this repository",
  ],
  [
    TOKEN,
    "AuthenticationFailed",
    "upstream did not accept the token of this remote for this: it may be wrong, too old, or not allowed to",
  ],
  [
    REDIRECT,
    "UpstreamUnreachable",
    "upstream answers from another address, and redirects are not followed: declare that URL",
  ],
];

/** Why git could not reach or talk to upstream, or undefined when it is not upstream that failed. */
export function upstreamErrorOf(end: ChildEnd): UpstreamError | undefined {
  const [, reason, message] = CAUSES.find(([said]) => said.test(end.stderr)) ?? [];
  if (reason !== undefined && message !== undefined) return new UpstreamError(reason, message);
  if (HTTPS.test(end.stderr) && CERTIFICATE.test(end.stderr))
    return new UpstreamError("UpstreamUnreachable", `upstream cannot be trusted${lastWords(end.stderr)}`);
  const failed = end.ended !== undefined || HTTPS.test(end.stderr) || CONNECTION.test(end.stderr);
  return failed ? unreachable(end) : undefined;
}

/** For a failure that has no other cause. */
export function unreachable(end: ChildEnd): UpstreamError {
  const words = lastWords(end.stderr);
  const cause = end.ended === undefined ? "" : ` (${end.ended})`;
  return new UpstreamError("UpstreamUnreachable", `upstream did not answer${cause}${words}`);
}

/** The line that says most: the first that is neither git's own closing words nor empty. */
function lastWords(stderr: string): string {
  const line = plainText(stderr)
    .split("\n")
    .map((text) => text.trim())
    .find(
      (text) =>
        text !== "" &&
        !/^(?:warning:|mux_client|Control socket|fatal: Could not read|Please make sure|and the repo)/.test(
          text,
        ),
    );
  return line === undefined ? "" : `: ${line.slice(0, 300)}`;
}
