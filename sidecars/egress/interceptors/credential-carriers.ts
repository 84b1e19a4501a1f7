import type { PolicyRoute } from "../../wire/egress-policy.ts";
import type { AuthPolicy } from "../../wire/route-auth.ts";
import { refusedFields } from "../credentials/carrier-fields.ts";
import { holdsPlaceholder } from "../credentials/placeholder.ts";
import type { Denial } from "../denial.ts";
import { secretId } from "../enforcement.ts";
import { credentialParameter, withoutCredentialProtocols } from "../request/credential-names.ts";
import { parametersOf, withoutParameter } from "../request/query.ts";
import { deny, type Exchange, type Interceptor, routeOf } from "../exchange.ts";

/**
 * Takes the agent's own credentials out, so that an allowed host does not take
 * data for somebody else's account. Fields are stripped, since tools send
 * placeholders; a credential in a query is refused, since taking it out would
 * make another request of it. What the route puts its own in the place of is
 * taken out wherever it is.
 */
export function credentialCarriers(): Interceptor {
  return (next) => async (exchange) => {
    const route = routeOf(exchange);
    const { auth } = route;
    if (auth.mode === "passthrough") return next(exchange);
    if (!isAskedFor(exchange, auth)) return deny(placeholderMissing(route));
    const injected = auth.mode === "inject" ? auth.carrier : undefined;
    if (injected?.in === "query") exchange.query = withoutParameter(exchange.query, injected.name);
    const carrier = queryCarrier(exchange.query);
    if (carrier !== undefined) {
      const because = `a parameter of the URL's query is named like a credential (…${carrier}), and route ${route.name} lets none of the agent's through`;
      return deny({ code: "CredentialInQuery", because });
    }
    exchange.headers = withoutCarriers(exchange.headers, refusedFields(auth));
    return next(exchange);
  };
}

function placeholderMissing({ name, auth }: PolicyRoute): Denial {
  const because = `route ${name} puts its credential in where the agent sends the placeholder, and it sent none`;
  const asksForBasic =
    auth.mode === "inject" && auth.carrier.in === "header" && auth.carrier.name === "authorization";
  const challenge = asksForBasic ? 'Basic realm="placeholder of the bottle"' : undefined;
  return { code: "PlaceholderMissing", because, challenge };
}

/** A secret that is not there is the affair of who would put it in. */
function isAskedFor(exchange: Exchange, auth: AuthPolicy): boolean {
  if (auth.mode !== "inject" || auth.require === "nothing") return true;
  const secret = exchange.enforcement.secrets.get(secretId(auth.secret));
  return secret === undefined || holdsPlaceholder(exchange, auth.carrier, secret.placeholder);
}

function withoutCarriers(headers: readonly string[], isRefused: (name: string) => boolean): string[] {
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index]!;
    const value = headers[index + 1]!;
    const sent = name === "sec-websocket-protocol" ? withoutCredentialProtocols(value) : value;
    if (!isRefused(name) && (sent !== "" || value === "")) kept.push(name, sent);
  }
  return kept;
}

/** What says that a parameter carries a credential, of the first that does; an empty value carries none. */
function queryCarrier(query: string): string | undefined {
  for (const [name, value] of parametersOf(query)) {
    const carrier = value === "" ? undefined : credentialParameter(name);
    if (carrier !== undefined) return carrier;
  }
  return undefined;
}
