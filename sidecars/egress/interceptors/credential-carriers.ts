import { deny, type Exchange, type Interceptor, routeOf } from "../exchange.ts";

/** Fields that carry a credential. On a route without `auth: passthrough` the agent's own never leave. */
const CARRIERS: ReadonlySet<string> = new Set([
  "api-key",
  "apikey",
  "authorization",
  "cookie",
  "deploy-token",
  "job-token",
  "ocp-apim-subscription-key",
  "private-token",
  "proxy-authorization",
  "x-access-token",
  "x-amz-security-token",
  "x-api-key",
  "x-api-token",
  "x-auth-key",
  "x-auth-token",
  "x-gitlab-token",
  "x-goog-api-key",
  "x-private-token",
  "x-vault-token",
]);

const QUERY_CARRIERS: ReadonlySet<string> = new Set([
  "access_token",
  "api-key",
  "api_key",
  "apikey",
  "auth_token",
  "client_secret",
  "key",
  "oauth_token",
  "password",
  "private_token",
  "sig",
  "token",
  "x-amz-credential",
  "x-amz-security-token",
  "x-amz-signature",
  "x-goog-credential",
  "x-goog-signature",
]);

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
      const because = `the query carries a credential in ${carrier}, and this route lets none of the agent's through`;
      return deny({ code: "CredentialInQuery", because });
    }
    exchange.headers = withoutCarriers(exchange, auth.mode === "inject" ? auth.header : undefined);
    return next(exchange);
  };
}

function withoutCarriers({ headers }: Exchange, injected: string | undefined): string[] {
  const isCarrier = (name: string): boolean => CARRIERS.has(name) || name === injected;
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    if (!isCarrier(headers[index]!)) kept.push(headers[index]!, headers[index + 1]!);
  }
  return kept;
}

/** Name of the first parameter that carries a credential; an empty value carries none. */
function queryCarrier(query: string): string | undefined {
  if (query.length < 2) return undefined;
  for (const [name, value] of new URLSearchParams(query.replaceAll(";", "&"))) {
    const plain = name.trim().toLowerCase();
    if (value !== "" && QUERY_CARRIERS.has(plain)) return plain;
  }
  return undefined;
}
