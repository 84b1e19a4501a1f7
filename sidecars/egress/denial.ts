/** Every way in which the proxy says no, with its HTTP status and what to do about it. */
const DENIALS = {
  NotConfigured: [503, "Wait: the controller has not told these sidecars their policy yet."],
  HostNotAllowed: [403, "Do not look for a way around. Ask the person who runs this bottle to add a route."],
  PortNotAllowed: [403, "Use a port that the route allows, or ask the person who runs this bottle."],
  PathNotAllowed: [403, "Use a path that the route allows, or ask the person who runs this bottle."],
  PathAmbiguous: [403, "Write the path without encoded slashes, dots or empty segments."],
  PathTooLong: [414, "Use a shorter path: what is long belongs into the query or the body."],
  MethodNotAllowed: [403, "Use a method that the route allows, or ask the person who runs this bottle."],
  AuthorityMismatch: [403, "Name the same host and port in CONNECT, in TLS (SNI) and in the Host header."],
  UserinfoRefused: [403, "Leave user and password out of the URL."],
  AddressNotAllowed: [403, "The host leads to a private address; only allowPrivate of its route opens that."],
  GitPushRefused: [403, "Pushes over https are refused on every route; push through git-gate."],
  CredentialInQuery: [
    403,
    "Take the parameter that because names out of the URL, and send the request without it: a credential of the route is put in by itself. To send one of the agent's own, ask for auth: passthrough on the route.",
  ],
  SecretInHead: [403, "Take the secret out of the request. Encoding it otherwise will not help."],
  SecretInBody: [403, "Take the secret out of the body. Encoding it otherwise will not help."],
  BodyUndecodable: [403, "Send the body uncompressed, or with a coding that can be undone and scanned."],
  UnknownContentCoding: [403, "Use gzip, deflate, br, zstd or none as Content-Encoding."],
  InjectionNeedsTls: [403, "Use https: this route's credential goes out over verified TLS only."],
  PlaceholderMissing: [
    401,
    "Send the secret's placeholder, from its variable in your environment, as the credential.",
  ],
  SecretUnavailable: [503, "Ask the person who runs this bottle to set the secret again."],
  SecretUnusable: [
    503,
    "Ask the person who runs this bottle to set the secret again, in the form the route needs.",
  ],
  SecretNotBoundToHost: [403, "The owner of the secret must bind it to this destination first."],
  BodyTooLarge: [413, "Send less at once, or ask for a larger maxBodyBytes on the route."],
  TooMuchHeld: [503, "Wait until other uploads are through, and try again."],
  BadRequest: [400, "Send well-formed HTTP/1.1 or HTTP/2."],
  HeadTooLarge: [431, "Send fewer or shorter headers."],
  TransferCodingRefused: [501, "Use Content-Length or Transfer-Encoding: chunked."],
  ConnectInTunnel: [403, "Send the request itself: a tunnel inside a tunnel is refused."],
  ServerNameMissing: [403, "Send the host's name in TLS (SNI), or set HTTPS_PROXY."],
  TlsRequired: [403, "Speak TLS here: https, and nothing else, goes through."],
  ServerToolRefused: [403, "Do without it, or run it here. serverTools: allow on the route opens it."],
  MintRefused: [403, "Ask the person who runs this bottle for a credential; none is made from within."],
  ForgeWriteRefused: [403, "Push through git-gate, and propose changes there. This is policy, not a fault."],
  SecretInFrame: [403, "Take the secret out of the message. Encoding it otherwise will not help."],
  WebSocketRefused: [501, "Open a WebSocket as RFC 6455 has it, version 13, or use plain HTTPS requests."],
  ReverseFormRefused: [
    404,
    "Set HTTPS_PROXY and use the host's own URL, or begin the path with a route's name.",
  ],
  SocksRefused: [501, "Set HTTP_PROXY and HTTPS_PROXY to an http:// URL."],
  Http2NeedsTls: [501, "Use https, or HTTP/1.1."],
  AuditUnavailable: [503, "Wait: nothing is let through that cannot be recorded."],
  InternalError: [500, "Try again; if it stays, tell the person who runs this bottle."],
  AskDenied: [403, "Do not look for a way around. The answer stands until the policy changes."],
  AskTimedOut: [
    403,
    "Nobody is there to answer. Sending it again only asks again, and waits as long: ask the person who runs this bottle for a route.",
  ],
  TooManyAsks: [429, "Wait until what was asked before is answered, and try again."],
  BudgetExceeded: [
    429,
    "Wait as Retry-After says; without it, ask the person who runs this bottle for a larger budget.",
  ],
  PolicyChanged: [403, "The policy changed while the request was on its way; ask what is allowed now."],
} as const satisfies Record<string, readonly [status: number, whatToDo: string]>;

const ERROR = "denied by the bottle's egress policy";
const WHOM = "the person who runs this bottle, who finds this with: bb logs BOTTLE --audit";

/** What was asked for, as it may be shown to people. */
export interface Asked {
  readonly method: string;
  readonly host: string;
  readonly port: number;
  /** without query; shortened when it is long */
  readonly path: string;
}

/** Stable, CamelCase. */
export type DenialCode = keyof typeof DENIALS;

/** A refusal of our own. Holds no secret, no body, no query. */
export interface Denial {
  readonly code: DenialCode;
  /** sentence for people, the same in the answer and in the audit */
  readonly because: string;
  readonly route?: string | undefined;
  /** detection rule that matched */
  readonly rule?: string | undefined;
  /** what to authenticate with (RFC 9110, 11.6.1): tools such as git send nothing before they are asked for it */
  readonly challenge?: string | undefined;
  /** after which it may be allowed again */
  readonly retryAfterSeconds?: number | undefined;
}

/** HTTP status of a denial. */
export function statusOf(code: DenialCode): number {
  return DENIALS[code][0];
}

/** Header that marks an answer as ours and not the upstream's; its value is the code. */
export const DENIED_HEADER = "x-bot-bottle-denied";

/** Header of an answer that tells of an upstream's failure; its value is the failure. */
export const FAILED_HEADER = "x-bot-bottle-failed";

/** Body of the answer: says that it is policy, what was asked, why not, what to do next and whom to ask. */
export function denialBody(denial: Denial, asked?: Asked): string {
  const { code, because, route, rule } = denial;
  const [, whatToDo] = DENIALS[code];
  return `${JSON.stringify({ error: ERROR, code, because, route, rule, asked, whatToDo, whomToAsk: WHOM })}\n`;
}
