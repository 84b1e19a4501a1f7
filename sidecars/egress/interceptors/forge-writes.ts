import type { Denial } from "../denial.ts";
import { endpointSearch } from "../endpoints/endpoint.ts";
import { FORGE_WRITES, GRAPHQL, GRAPHQL_RULES, LFS_BATCH, LFS_RULES } from "../endpoints/forge-writes.ts";
import { deny, type Exchange, type Interceptor, routeOf } from "../exchange.ts";
import { askBody, type JsonQuestion } from "../json/json-body.ts";
import { placesOf } from "../json/json-rules.ts";
import type { WalkEnd } from "../json/json-walk.ts";

/** of a document of GraphQL; those of forges' own clients have some thousand */
const MOST_DOCUMENT_BYTES = 256 * 1024;

/**
 * Refuses, with a credential of the route, what changes a repository past
 * git-gate: contents and refs over REST and GraphQL, merges, uploads with LFS,
 * and what decides which code a forge runs with its own secrets.
 */
export function forgeWrites(): Interceptor {
  const find = endpointSearch(FORGE_WRITES);
  const lfs = questionOf(LFS_RULES);
  const graphql = questionOf(GRAPHQL_RULES);
  return (next) => async (exchange) => {
    if (routeOf(exchange).auth.mode !== "inject") return next(exchange);
    const found = find(exchange.head);
    if (found !== undefined) return deny(refusal(found.what));
    const denial = await refusedBody(exchange, { lfs, graphql });
    return denial === undefined ? next(exchange) : deny(denial);
  };
}

async function refusedBody(
  exchange: Exchange,
  { lfs, graphql }: { readonly lfs: JsonQuestion; readonly graphql: JsonQuestion },
): Promise<Denial | undefined> {
  const { path, alternativePath } = exchange.head;
  const isFor = (place: RegExp): boolean => place.test(path) || place.test(alternativePath);
  if (isFor(LFS_BATCH)) return askBody(exchange, lfs);
  if (!isFor(GRAPHQL)) return undefined;
  // some servers read a document from there as well
  return exchange.query.length > 1
    ? refusal("is GraphQL, of which the document belongs into the body")
    : askBody(exchange, graphql);
}

const questionOf = (rules: Parameters<typeof placesOf>[0]): JsonQuestion => ({
  rules: placesOf(rules),
  mostTextBytes: MOST_DOCUMENT_BYTES,
  denialOf,
});

function denialOf(end: WalkEnd): Denial {
  switch (end.kind) {
    case "broken":
      return refusal(end.rule.what);
    case "charset":
      return refusal("is sent JSON that Content-Type says is in a charset other than UTF-8");
    case "unreadable":
      return refusal("is sent what is no JSON that can be read in one way");
    default:
      return end satisfies never;
  }
}

function refusal(what: string): Denial {
  return {
    code: "ForgeWriteRefused",
    because: `this place of the API ${what}, and the route injects a credential`,
  };
}
