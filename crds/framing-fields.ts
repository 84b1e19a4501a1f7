/**
 * Headers that frame a message or belong to one hop (RFC 9110, 7.6.1). A secret in them would break or redirect the
 * request, so no route may inject into one; the proxy writes them anew for the next hop and passes none on.
 */
export const FRAMING_FIELDS = [
  "connection",
  "content-length",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
] as const;
