import type { IncomingMessage } from "node:http";
import { parseDocument } from "yaml";
import { ProtobufError } from "./protobuf.ts";
import { parseProtobuf, PROTOBUF_TYPE } from "./protobuf-kinds.ts";
import { badRequest, tooLarge, unsupportedMediaType } from "./status-error.ts";

/** Largest request body, the same as a real API server takes. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** Reads the whole body. Throws StatusError 413 as soon as it is too large, before the rest has come. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES) throw tooLarge(MAX_BODY_BYTES);
  const chunks: Buffer[] = [];
  let bytes = 0;
  // A request that is destroyed takes its connection along, and the answer with it.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw tooLarge(MAX_BODY_BYTES);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const JSON_TYPE = "application/json";
const YAML_TYPE = "application/yaml";

/** The media type of a request, without parameters; JSON when it says none. */
export const mediaTypeOf = (header: string | undefined): string =>
  header?.split(";")[0]?.trim().toLowerCase() ?? JSON_TYPE;

/** The object in a body. Throws StatusError 400 or 415; what was sent is never quoted. */
export function parseObject(body: Buffer, mediaType: string): Record<string, unknown> {
  const value = parseValue(body, mediaType);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badRequest("the body of the request must be one object");
  }
  return value as Record<string, unknown>;
}

/** Any value in a body of JSON, YAML or, for some kinds, protobuf. Throws StatusError 400 or 415; what was sent is never quoted. */
export function parseValue(body: Buffer, mediaType: string): unknown {
  if (mediaType === JSON_TYPE) return parseJson(body.toString("utf8"));
  if (mediaType === YAML_TYPE) return parseYaml(body.toString("utf8"));
  if (mediaType === PROTOBUF_TYPE) return parseKnownProtobuf(body);
  throw unsupportedMediaType([JSON_TYPE, YAML_TYPE]);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // The parser's message would quote what may be a secret.
    if (error instanceof SyntaxError) throw badRequest("the body of the request is not JSON");
    throw error;
  }
}

function parseYaml(text: string): unknown {
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: true });
  const [fault] = document.errors;
  if (fault !== undefined) {
    const line = text.slice(0, fault.pos[0]).split("\n").length;
    throw badRequest(`the body of the request is not YAML: line ${line}: ${fault.code}`);
  }
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    if (error instanceof ReferenceError)
      throw badRequest("the body of the request has too many YAML aliases");
    throw error;
  }
}

function parseKnownProtobuf(body: Buffer): unknown {
  try {
    return parseProtobuf(body);
  } catch (error) {
    if (error instanceof ProtobufError) throw unsupportedMediaType([JSON_TYPE, YAML_TYPE]);
    throw error;
  }
}
