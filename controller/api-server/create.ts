import { admit } from "./admission.ts";
import type { Answer } from "./answer.ts";
import { mediaTypeOf, parseObject } from "./body.ts";
import type { ResourceExchange } from "./exchange.ts";
import { generatedName } from "./naming.ts";
import { badRequest, methodNotAllowed } from "./status-error.ts";
import { writeOptionsOf, writerOf, writing } from "./write-options.ts";

/** POST to a collection. */
export async function createObject(exchange: ResourceExchange): Promise<Answer> {
  const { resource, path, headers } = exchange;
  const writer = writerOf(exchange);
  if (resource.definition.namespaced && path.namespace === undefined) throw methodNotAllowed();
  const sent = parseObject(await exchange.readBody(), mediaTypeOf(headers["content-type"]));
  const { object, warnings } = admit(named(sent), exchange);
  if ((object.metadata.resourceVersion ?? "") !== "") {
    throw badRequest("resourceVersion should not be set on objects to be created");
  }
  const options = writeOptionsOf(exchange);
  const created = writing(exchange, object.metadata.name, () => writer.create(object, options));
  return { kind: "object", code: 201, resource, body: created, warnings };
}

/** The object with a name made from its generateName, when it has that instead of one. */
function named(sent: Record<string, unknown>): Record<string, unknown> {
  const metadata = sent["metadata"];
  if (typeof metadata !== "object" || metadata === null) return sent;
  const { name, generateName } = metadata as Record<string, unknown>;
  if ((name ?? "") !== "" || typeof generateName !== "string" || generateName === "") return sent;
  return { ...sent, metadata: { ...metadata, name: generatedName(generateName) } };
}
