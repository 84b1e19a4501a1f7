import type { ChildEnd } from "../process/child.ts";
import { plainText } from "../plain-text.ts";

export type UpstreamReason = "HostKeyMismatch" | "AuthenticationFailed" | "UpstreamUnreachable";

/** Upstream was asked and did not serve; `message` is fit for the agent to see. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  readonly reason: UpstreamReason;

  constructor(reason: UpstreamReason, message: string) {
    super(`${reason}: ${message}`);
    this.reason = reason;
  }
}

const HOST_KEY = /Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|host key is known for/;
const AUTHENTICATION = /Permission denied|Too many authentication failures|no mutual signature/;
const CONNECTION = /Could not read from remote repository|the remote end hung up|early EOF|^ssh: /m;

/** Why git over ssh failed, or undefined when it is not upstream that failed. */
export function upstreamErrorOf(end: ChildEnd): UpstreamError | undefined {
  if (HOST_KEY.test(end.stderr)) {
    return new UpstreamError("HostKeyMismatch", "upstream does not have the host key that is pinned for it");
  }
  if (AUTHENTICATION.test(end.stderr)) {
    return new UpstreamError("AuthenticationFailed", "upstream did not accept the key of this remote");
  }
  if (end.ended !== undefined || CONNECTION.test(end.stderr)) return unreachable(end);
  return undefined;
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
        text !== "" && !/^(?:warning:|fatal: Could not read|Please make sure|and the repo)/.test(text),
    );
  return line === undefined ? "" : `: ${line.slice(0, 300)}`;
}
