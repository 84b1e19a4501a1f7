import { decodeContent } from "../../detection/content-coding.ts";
import type { Denial } from "../denial.ts";
import { deny, type Exchange, type Interceptor, routeOf } from "../exchange.ts";
import { type JsonPlace, placesOf } from "../json/json-rules.ts";
import { JsonWalk, type WalkEnd } from "../json/json-walk.ts";
import { ELSEWHERE, MODEL_APIS, type ModelApi, UPLOADS } from "../model-apis/server-tool-rules.ts";
import { RefusedUnderWayError } from "../upstream/refused-under-way.ts";

/**
 * Refuses what would make a model's provider fetch addresses, call servers or
 * run tools for the agent: it would be a way out that no route names. Bodies
 * are read as they pass, and the end of one leaves only when all of it was
 * read, so the provider never has a whole request that is refused.
 */
export function serverTools(): Interceptor {
  const places = new Map<ModelApi["rules"], JsonPlace>();
  const placesFor = ({ rules }: ModelApi): JsonPlace => {
    const known = places.get(rules) ?? placesOf(rules);
    places.set(rules, known);
    return known;
  };
  return (next) => async (exchange) => {
    const api = routeOf(exchange).serverTools === "allow" ? undefined : modelApiOf(exchange);
    if (api === undefined) return next(exchange);
    const elsewhere = refusedPath(exchange);
    if (elsewhere !== undefined) return deny(elsewhere);
    const rules = placesFor(api);
    exchange.messages.fromAgent.push((message) => inspect(message, rules));
    if (exchange.body === undefined || isUpload(exchange)) return next(exchange);
    if (exchange.body instanceof Uint8Array) {
      const decoded = await decodeContent(exchange.body, exchange.fields.contentEncoding);
      const denial = decoded.kind === "opaque" ? decoded : inspect(decoded.bytes, rules);
      return denial === undefined ? next(exchange) : deny(denial);
    }
    exchange.body = readThrough(exchange.body, rules);
    return next(exchange);
  };
}

function modelApiOf({ head }: Exchange): ModelApi | undefined {
  return MODEL_APIS.find(
    ({ host, path }) =>
      host.test(head.host) && (path === undefined || path.test(head.path) || path.test(head.alternativePath)),
  );
}

function refusedPath({ head }: Exchange): Denial | undefined {
  if (head.method === "GET" || head.method === "HEAD" || head.method === "DELETE") return undefined;
  const isElsewhere = [head.path, head.alternativePath].some((path) =>
    ELSEWHERE.test(path.replace(/\/+$/, "")),
  );
  if (!isElsewhere) return undefined;
  const because =
    "the provider would carry out requests by itself, out of what it keeps, where no tool can be refused";
  return { code: "ServerToolRefused", because };
}

function isUpload({ head, fields }: Exchange): boolean {
  const isForm = /^\s*multipart\/form-data\s*;/i.test(fields.contentType ?? "");
  return isForm && UPLOADS.test(head.path) && UPLOADS.test(head.alternativePath);
}

function inspect(bytes: Uint8Array, rules: JsonPlace): Denial | undefined {
  if (bytes.length === 0) return undefined;
  const walk = new JsonWalk(rules);
  const end = walk.push(bytes) ?? walk.end();
  return end === undefined ? undefined : denialOf(end);
}

/** The last chunk is given on only when the walk came to its end. */
async function* readThrough(body: AsyncIterable<Uint8Array>, rules: JsonPlace): AsyncGenerator<Uint8Array> {
  const walk = new JsonWalk(rules);
  let held: Uint8Array | undefined;
  for await (const chunk of body) {
    refuse(walk.push(chunk));
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (held === undefined) return;
  refuse(walk.end());
  yield held;
}

function refuse(end: WalkEnd | undefined): void {
  if (end !== undefined) throw new RefusedUnderWayError(denialOf(end));
}

function denialOf(end: WalkEnd): Denial {
  if (end.kind === "unreadable") {
    const because = "what was sent to the model's provider is no JSON that can be read in one way alone";
    return { code: "ServerToolRefused", because };
  }
  const text = end.text === undefined ? "" : ` (${end.text})`;
  return {
    code: "ServerToolRefused",
    because: `the request asks for ${end.rule.what}: ${end.rule.at}${text}`,
  };
}
