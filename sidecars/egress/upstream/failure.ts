/** Every way in which the upstream may fail us, with the status of the answer and a sentence. */
const FAILURES = {
  UpstreamNameNotFound: [502, "the host's name leads to no address"],
  UpstreamResolverFailed: [502, "the DNS servers that the policy names do not answer"],
  UpstreamRefused: [502, "the upstream refuses connections"],
  UpstreamUnreachable: [502, "there is no way to the upstream's address"],
  UpstreamTimeout: [504, "the upstream did not answer in time"],
  UpstreamClosed: [502, "the upstream closed the connection before the answer was whole"],
  UpstreamReset: [502, "the upstream broke off the exchange"],
  UpstreamTlsUntrusted: [502, "the upstream's certificate is signed by nobody that is trusted here"],
  UpstreamTlsExpired: [502, "the upstream's certificate is not valid now"],
  UpstreamTlsNameMismatch: [502, "the upstream's certificate is for another name"],
  UpstreamTlsFailed: [502, "the upstream and the proxy did not agree on TLS"],
  UpstreamProtocolError: [502, "the upstream's answer is not well-formed HTTP"],
  UpstreamCodingUnknown: [
    502,
    "the upstream's answer has a content coding that cannot be undone and searched",
  ],
  UpstreamCodingBroken: [502, "the upstream's answer is not what its content coding says"],
  UpstreamAnswerPartial: [502, "the upstream answered with a part only, which cannot be searched as a whole"],
  UpstreamFailed: [502, "the exchange with the upstream failed"],
} as const satisfies Record<string, readonly [status: number, because: string]>;

/** Stable, CamelCase: the closed set of what can be wrong with an upstream. */
export type UpstreamFailure = keyof typeof FAILURES;

/** HTTP status of a failure. */
export function failureStatus(failure: UpstreamFailure): number {
  return FAILURES[failure][0];
}

/** Sentence for people. */
export function failureSentence(failure: UpstreamFailure): string {
  return FAILURES[failure][1];
}

const BY_ERROR_CODE: Readonly<Record<string, UpstreamFailure>> = {
  ENOTFOUND: "UpstreamNameNotFound",
  ENODATA: "UpstreamNameNotFound",
  EAI_AGAIN: "UpstreamNameNotFound",
  ERR_RESOLVER_FAILED: "UpstreamResolverFailed",
  ECONNREFUSED: "UpstreamRefused",
  EHOSTUNREACH: "UpstreamUnreachable",
  ENETUNREACH: "UpstreamUnreachable",
  EADDRNOTAVAIL: "UpstreamUnreachable",
  ETIMEDOUT: "UpstreamTimeout",
  UND_ERR_CONNECT_TIMEOUT: "UpstreamTimeout",
  UND_ERR_HEADERS_TIMEOUT: "UpstreamTimeout",
  UND_ERR_BODY_TIMEOUT: "UpstreamTimeout",
  ECONNRESET: "UpstreamClosed",
  EPIPE: "UpstreamClosed",
  UND_ERR_SOCKET: "UpstreamClosed",
  ERR_HTTP2_STREAM_ERROR: "UpstreamReset",
  ERR_HTTP2_SESSION_ERROR: "UpstreamReset",
  ERR_HTTP2_STREAM_CANCEL: "UpstreamClosed",
  DEPTH_ZERO_SELF_SIGNED_CERT: "UpstreamTlsUntrusted",
  SELF_SIGNED_CERT_IN_CHAIN: "UpstreamTlsUntrusted",
  UNABLE_TO_GET_ISSUER_CERT: "UpstreamTlsUntrusted",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "UpstreamTlsUntrusted",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "UpstreamTlsUntrusted",
  CERT_UNTRUSTED: "UpstreamTlsUntrusted",
  CERT_SIGNATURE_FAILURE: "UpstreamTlsUntrusted",
  INVALID_CA: "UpstreamTlsUntrusted",
  INVALID_PURPOSE: "UpstreamTlsUntrusted",
  CERT_HAS_EXPIRED: "UpstreamTlsExpired",
  CERT_NOT_YET_VALID: "UpstreamTlsExpired",
  ERR_TLS_CERT_ALTNAME_INVALID: "UpstreamTlsNameMismatch",
};

/** Which failure an error is. The error's own words are not used: they may quote what was sent. */
export function failureOf(error: unknown): UpstreamFailure {
  const code = codeOf(error);
  const known = BY_ERROR_CODE[code];
  if (known !== undefined) return known;
  if (code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_") || code === "EPROTO")
    return "UpstreamTlsFailed";
  if (
    code.startsWith("HPE_") ||
    code.startsWith("ERR_HTTP2_") ||
    code.startsWith("UND_ERR_RES") ||
    code === "UND_ERR_HEADERS_OVERFLOW"
  ) {
    return "UpstreamProtocolError";
  }
  return "UpstreamFailed";
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === "string" ? code : "";
}
