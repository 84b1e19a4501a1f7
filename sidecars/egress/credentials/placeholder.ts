import type { Carrier } from "../../wire/route-auth.ts";
import type { Exchange } from "../exchange.ts";
import { plainName } from "../request/credential-names.ts";
import { valuesOfParameter } from "../request/query.ts";

/** Whether the agent sent a placeholder where the credential goes: as it is, or in the base64 of Basic. */
export function holdsPlaceholder(
  { headers, query }: Pick<Exchange, "headers" | "query">,
  carrier: Carrier,
  placeholder: string,
): boolean {
  if (carrier.in === "query") return valuesOfParameter(query, carrier.name).includes(placeholder);
  // a request that is signed names its access key there
  const name = carrier.in === "header" ? carrier.name : "authorization";
  return headers.some((text, index) => {
    if (index % 2 === 0 || plainName(headers[index - 1]!) !== name) return false;
    const decoded = Buffer.from(text.replace(/^.*\s/, ""), "base64").toString("latin1");
    return text.includes(placeholder) || decoded.includes(placeholder);
  });
}
