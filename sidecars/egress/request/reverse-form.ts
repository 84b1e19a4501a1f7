import type { Denial } from "../denial.ts";
import type { PolicyIndex } from "../policy/policy-index.ts";
import type { Authority } from "./authority.ts";
import { normalisePath } from "./path.ts";

/** names under which agents know the proxy: what is of the sandbox, and of no host outside */
const OWN_NAME = /^(?:egress|localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d{1,5})?$/i;

export type ReverseForm =
  | {
      readonly kind: "reverse";
      readonly scheme: "https";
      readonly authority: Authority;
      /** what follows the name */
      readonly path: string;
    }
  | { readonly kind: "denied"; readonly denial: Denial };

/**
 * A path of the proxy itself, as tools use it that take a base URL and know of no proxy: `/<route>/…` is what follows the
 * name, at the host of the route of that name, over https. What is allowed there is decided as for any other request.
 */
export function readReverseForm(raw: string, host: string | undefined, policy: PolicyIndex): ReverseForm {
  const path = normalisePath(raw);
  if (path.kind === "invalid") return denied("BadRequest", path.because);
  const [, name = "", rest = "/"] = /^\/([^/]*)(\/.*)?$/.exec(path.path) ?? [];
  // a server that merges slashes or decodes them must not find another route there
  const isPlain = path.alternative === `/${name}` || path.alternative.startsWith(`/${name}/`);
  const authority = isPlain ? policy.byName.get(name) : undefined;
  if (authority === undefined) {
    return denied(
      "ReverseFormRefused",
      "the request names no host, and its path begins with no route's name",
    );
  }
  if (host === undefined || !OWN_NAME.test(host)) {
    return denied(
      "AuthorityMismatch",
      "the path form is for the proxy itself, and the Host header names another",
    );
  }
  return { kind: "reverse", scheme: "https", authority, path: rest };
}

function denied(code: Denial["code"], because: string): ReverseForm {
  return { kind: "denied", denial: { code, because } };
}
