import type { Carrier } from "../../wire/route-auth.ts";
import type { Exchange } from "../exchange.ts";
import { withParameter } from "../request/query.ts";
import { hostHeaderOf } from "../request/read-head.ts";
import { type AwsCredentials, signRequest } from "./sigv4.ts";

/** what a header can hold: within one, a line end would be a header of its own */
const PRINTABLE = /^[ -~]+$/;

type Target = Pick<Exchange, "head" | "headers" | "query" | "body">;

/**
 * Puts a secret into a request, where the route wants it. Returns what is wrong
 * with the secret when it cannot go there, as the end of a sentence that does
 * not quote it; the request is then as it was.
 */
export function putIn(exchange: Target, carrier: Carrier, secret: string, now: Date): string | undefined {
  // line ends at the end of a value come from files
  const value = secret.trim();
  if (value === "") return "is empty";
  switch (carrier.in) {
    case "header":
      return inHeader(exchange, carrier, value);
    case "query":
      exchange.query = withParameter(exchange.query, carrier.name, value);
      return undefined;
    case "signature":
      return inSignature(exchange, { ...carrier, now }, value);
    default:
      return carrier satisfies never;
  }
}

function inHeader(
  exchange: Target,
  { name, prefix, coding }: Extract<Carrier, { in: "header" }>,
  value: string,
): string | undefined {
  if (coding === "base64" && !value.includes(":")) return "is not of the form user:password";
  const text = coding === "base64" ? Buffer.from(value, "utf8").toString("base64") : value;
  if (!PRINTABLE.test(text)) return "holds a character that no header can";
  exchange.headers = [...exchange.headers, name, prefix + text];
  return undefined;
}

function inSignature(
  exchange: Target,
  scope: { readonly region: string; readonly service: string; readonly now: Date },
  value: string,
): string | undefined {
  const credentials = awsCredentials(value);
  if (credentials === undefined)
    return "is not of the form ACCESS_KEY_ID:SECRET_ACCESS_KEY or ACCESS_KEY_ID:SECRET_ACCESS_KEY:SESSION_TOKEN";
  const { head, headers, query, body } = exchange;
  // refused rather than signed without its body: `body` holds it whole on such a route
  if (body !== undefined && !(body instanceof Uint8Array)) throw new Error("a stream cannot be signed");
  const { method, path } = head;
  const signed = signRequest(
    { method, host: hostHeaderOf(head), path, query, headers, body },
    credentials,
    scope,
  );
  exchange.headers = signed.headers;
  exchange.query = signed.query;
  return undefined;
}

function awsCredentials(value: string): AwsCredentials | undefined {
  if (!/^[!-9;-~]+(:[!-9;-~]+){1,2}$/.test(value)) return undefined;
  const [accessKeyId = "", secretAccessKey = "", sessionToken] = value.split(":");
  return { accessKeyId, secretAccessKey, sessionToken };
}
