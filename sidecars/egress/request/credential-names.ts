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

/** Only in queries: signed addresses, and short names that some services use. */
const TELLING_IN_QUERY = /^(?:key|pwd|sig)$|signature$/;

/** Whether a header of this name carries a credential. */
export function isCredentialField(name: string): boolean {
  const plain = plainName(name);
  return TELLING.test(plain) || UNTELLING.has(plain);
}

/** What of a parameter's name in a query says that it carries a credential; undefined when it carries none. */
export function credentialParameter(name: string): string | undefined {
  const plain = plainParameterName(name);
  return (TELLING.exec(plain) ?? TELLING_IN_QUERY.exec(plain))?.[0];
}

/** A parameter's name as servers may read it: `token[]` is `token`. */
export const plainParameterName = (name: string): string =>
  plainName(name.trim().replace(/(?:\[\w*\])+$/, ""));

/** In lower case, and with dashes: CGI and its kin read an underscore and a dash as the same. */
export const plainName = (name: string): string => name.toLowerCase().replaceAll("_", "-");
