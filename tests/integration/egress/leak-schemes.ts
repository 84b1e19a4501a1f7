import type { IncomingMessage } from "node:http";
import type { EgressRoute } from "../../../crds/egress-route.ts";
import { KEY, LOGIN } from "./leak-kit.ts";

export interface Scheme {
  readonly auth: NonNullable<EgressRoute["auth"]>;
  readonly value: string;
  /** what of a request the upstream takes for the value that it gives back */
  readonly taken: (request: IncomingMessage) => string | undefined;
}

const authorization = ({ headers }: IncomingMessage): string => headers.authorization ?? "";
const decoded = (request: IncomingMessage): string =>
  Buffer.from(authorization(request).replace("Basic ", ""), "base64").toString();
/** AWS's credential is not sent; an upstream that knows it may still say it. */
const SIGNING = "AKIDOFTHEOWNER:wJalrXUtnFEMI/K7MDENG+bPxRfiCY";

/** Every way to put a credential in. */
export const schemes: Readonly<Record<string, Scheme>> = {
  bearer: { auth: {}, value: KEY, taken: (request) => authorization(request).replace("Bearer ", "") },
  token: {
    auth: { scheme: "token" },
    value: KEY,
    taken: (request) => authorization(request).replace("token ", ""),
  },
  basic: { auth: { scheme: "Basic" }, value: LOGIN, taken: decoded },
  password: { auth: { scheme: "Basic" }, value: LOGIN, taken: (request) => decoded(request).split(":")[1] },
  header: {
    auth: { header: "X-Api-Key" },
    value: KEY,
    taken: ({ headers }) => headers["x-api-key"]?.toString(),
  },
  query: {
    auth: { query: "key" },
    value: KEY,
    taken: ({ url }) => new URL(url ?? "", "http://x").searchParams.get("key") ?? undefined,
  },
  sigv4: {
    auth: { sigv4: { region: "us-east-1", service: "bedrock" } },
    value: SIGNING,
    taken: () => SIGNING.split(":")[1],
  },
};

export const hostOf = (scheme: string): string => `${scheme}.example.com`;
export const secretOf = (scheme: string): { name: string; key: string } => ({ name: scheme, key: "value" });

/** What an upstream of a scheme gives back. */
export function givenOf(scheme: string): string {
  if (scheme === "password") return LOGIN.split(":")[1]!;
  return scheme === "sigv4" ? SIGNING.split(":")[1]! : schemes[scheme]!.value;
}
