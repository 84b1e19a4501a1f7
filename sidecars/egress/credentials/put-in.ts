import type { Carrier } from "../../wire/route-auth.ts";
import type { Exchange } from "../exchange.ts";
import { withParameter } from "../request/query.ts";

/** what a header can hold: within one, a line end would be a header of its own */
const PRINTABLE = /^[ -~]+$/;

/**
 * Puts a secret into a request, where the route wants it. Returns what is wrong
 * with the secret when it cannot go there, as the end of a sentence that does
 * not quote it; the request is then as it was.
 */
export function putIn(
  exchange: Pick<Exchange, "headers" | "query">,
  carrier: Carrier,
  secret: string,
): string | undefined {
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
      return "cannot sign yet";
    default:
      return carrier satisfies never;
  }
}

function inHeader(
  exchange: Pick<Exchange, "headers">,
  { name, prefix, coding }: Extract<Carrier, { in: "header" }>,
  value: string,
): string | undefined {
  if (coding === "base64" && !value.includes(":")) return "is not of the form user:password";
  const text = coding === "base64" ? Buffer.from(value, "utf8").toString("base64") : value;
  if (!PRINTABLE.test(text)) return "holds a character that no header can";
  exchange.headers = [...exchange.headers, name, prefix + text];
  return undefined;
}
