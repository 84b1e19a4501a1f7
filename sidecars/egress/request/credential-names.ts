/** Headers that carry a credential and do not say so. */
const UNTELLING = new Set(["fastly-key", "x-honeycomb-team", "x-jfrog-art-api"]);

/** What a name that carries a credential ends in, whoever made it up; tokens that turn pages are none. */
const TELLING = new RegExp(
  [
    "authorization",
    "(?:access|account|api|application|auth|functions|master|private|secret|service|subscription)-?key(?:-?id)?$",
    "(?<!(?:continuation|cursor|next|page|sync)-?)token$",
    "(?:auth|bearer|cookie2?|credentials?|passphrase|passwd|password|secret)$",
    "(?:^|-)(?:jwt|otp|pat)$",
  ].join("|"),
);

/** Only in headers: signatures over the request, and who a proxy in front says has shown a certificate. */
const TELLING_IN_FIELD = /^(?:dpop|signature-input)$|signature$|client-cert(?:-chain)?$/;

/** Only in queries: signed addresses, and short names that some services use. */
const TELLING_IN_QUERY = /^(?:key|pass|pwd)$|(?:^|-)(?:creds|sig)$|signature$/;

/** Subprotocols that carry a credential, since browsers can send none elsewhere: `openai-insecure-api-key.…` and its kin. */
const TELLING_IN_PROTOCOL = /api-?key|auth|bearer|credential|jwt|passw|secret|token/;
/** protocols have names; what is longer than any of them is a value */
const LONGEST_PROTOCOL = 64;

/** Whether a header of this name carries a credential. */
export function isCredentialField(name: string): boolean {
  const plain = plainName(name);
  return TELLING.test(plain) || TELLING_IN_FIELD.test(plain) || UNTELLING.has(plain);
}

/** The subprotocols of a WebSocket (a list with commas) without those that carry a credential; empty when none is left. */
export function withoutCredentialProtocols(protocols: string): string {
  const offered = protocols.split(",").map((protocol) => protocol.trim());
  const isName = (protocol: string | undefined): boolean =>
    protocol !== undefined && !protocol.includes(".") && TELLING_IN_PROTOCOL.test(plainName(protocol));
  return offered
    .filter((protocol, index) => {
      // a name alone has its value right behind it
      const isCarrier = TELLING_IN_PROTOCOL.test(plainName(protocol)) || isName(offered[index - 1]);
      return protocol !== "" && protocol.length <= LONGEST_PROTOCOL && !isCarrier;
    })
    .join(", ");
}

/** What of a parameter's name in a query says that it carries a credential; undefined when it carries none. */
export function credentialParameter(name: string): string | undefined {
  const plain = plainParameterName(name);
  return (TELLING.exec(plain) ?? TELLING_IN_QUERY.exec(plain))?.[0];
}

/** A parameter's name as servers may read it: `token[]` is `token`. */
export const plainParameterName = (name: string): string => plainName(withoutKeys(name.trim()));

/** Without `[]` and `[key]` at its end. From the end on: a pattern would begin anew at each of them. */
function withoutKeys(name: string): string {
  let end = name.length;
  while (name[end - 1] === "]") {
    const start = name.lastIndexOf("[", end - 1);
    if (start === -1 || /\W/.test(name.slice(start + 1, end - 1))) break;
    end = start;
  }
  return name.slice(0, end);
}

/** In lower case, and with dashes: CGI and its kin read an underscore and a dash as the same. */
export const plainName = (name: string): string => name.toLowerCase().replaceAll("_", "-");
