import { credentialParameter, isCredentialField, plainName } from "../request/credential-names.ts";
import { deny, type Exchange, type Interceptor, routeOf } from "../exchange.ts";

/**
 * Takes the agent's own credentials out, so that an allowed host does not take
 * data for somebody else's account. Fields are stripped, since tools send
 * placeholders; a credential in a query is refused, since taking it out would
 * make another request of it.
 */
export function credentialCarriers(): Interceptor {
  return (next) => async (exchange) => {
    const { auth } = routeOf(exchange);
    if (auth.mode === "passthrough") return next(exchange);
    const carrier = queryCarrier(exchange.head.query);
    if (carrier !== undefined) {
      const because = `the query carries a credential (${carrier}), and this route lets none of the agent's through`;
      return deny({ code: "CredentialInQuery", because });
    }
    exchange.headers = withoutCarriers(exchange, auth.mode === "inject" ? auth.header : undefined);
    return next(exchange);
  };
}

function withoutCarriers({ headers }: Exchange, injected: string | undefined): string[] {
  const isCarrier = (name: string): boolean => isCredentialField(name) || plainName(name) === injected;
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    if (!isCarrier(headers[index]!)) kept.push(headers[index]!, headers[index + 1]!);
  }
  return kept;
}

/** What says that a parameter carries a credential, of the first that does; an empty value carries none. */
function queryCarrier(query: string): string | undefined {
  if (query.length < 2) return undefined;
  for (const [name, value] of new URLSearchParams(query.replaceAll(";", "&"))) {
    const carrier = value === "" ? undefined : credentialParameter(name);
    if (carrier !== undefined) return carrier;
  }
  return undefined;
}
