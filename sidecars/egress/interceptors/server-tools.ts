import type { Denial } from "../denial.ts";
import { withoutEndSlashes } from "../endpoints/endpoint.ts";
import { ELSEWHERE, MODEL_APIS, type ModelApi, UPLOADS } from "../endpoints/model-apis.ts";
import { deny, type Exchange, type Interceptor, routeOf } from "../exchange.ts";
import { askBody, askBytes, type JsonQuestion } from "../json/json-body.ts";
import { placesOf } from "../json/json-rules.ts";
import type { WalkEnd } from "../json/json-walk.ts";
import { lazily } from "../../shared/lazily.ts";

/**
 * Refuses what would make a model's provider fetch addresses, call servers or
 * run tools for the agent: it would be a way out that no route names. The same
 * is asked of bodies and of messages of a WebSocket.
 */
export function serverTools(): Interceptor {
  // a bottle uses one of them or none, and its start waits for what is made here
  const questions = new Map(MODEL_APIS.map((api) => [api, lazily(() => questionOf(api))]));
  return (next) => async (exchange) => {
    const api = routeOf(exchange).serverTools === "allow" ? undefined : modelApiOf(exchange);
    const question = api === undefined ? undefined : questions.get(api)?.();
    if (question === undefined) return next(exchange);
    exchange.messages.fromAgent.push((message) => askBytes(message, question));
    const denial =
      refusedPath(exchange) ?? (isUpload(exchange) ? undefined : await askBody(exchange, question));
    return denial === undefined ? next(exchange) : deny(denial);
  };
}

const questionOf = ({ rules }: ModelApi): JsonQuestion => ({
  rules: placesOf(rules),
  mostTextBytes: 4 * 1024,
  denialOf,
});

function modelApiOf({ head }: Exchange): ModelApi | undefined {
  return MODEL_APIS.find(
    ({ host, path }) =>
      host.test(head.host) && (path === undefined || path.test(head.path) || path.test(head.alternativePath)),
  );
}

function refusedPath({ head }: Exchange): Denial | undefined {
  if (head.method === "GET" || head.method === "HEAD" || head.method === "DELETE") return undefined;
  const isElsewhere = [head.path, head.alternativePath].some((path) =>
    ELSEWHERE.test(withoutEndSlashes(path)),
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

function denialOf(end: WalkEnd): Denial {
  if (end.kind === "charset") {
    const because =
      "Content-Type names a charset other than UTF-8, in which the request may say something else";
    return { code: "ServerToolRefused", because: `${because}: send JSON in UTF-8` };
  }
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
