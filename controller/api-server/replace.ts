import type { ApiObject } from "../../crds/metadata.ts";
import type { Draft } from "../../reconcilers/contract/resource-client.ts";
import { admit, type Admitted } from "./admission.ts";
import type { Answer } from "./answer.ts";
import { mediaTypeOf, parseObject } from "./body.ts";
import type { ResourceExchange } from "./exchange.ts";
import { invalid, objectNotFound } from "./status-error.ts";
import { writeOptionsOf, writerOf, writing } from "./write-options.ts";

/** PUT of an object or of its status. */
export async function replaceObject(exchange: ResourceExchange): Promise<Answer> {
  writerOf(exchange);
  const sent = parseObject(await exchange.readBody(), mediaTypeOf(exchange.headers["content-type"]));
  const admitted = admit(sent, exchange);
  requirePresent(exchange);
  requireVersion(admitted.object, exchange);
  return writeOver(admitted, exchange);
}

/** Writes an admitted object in place of the one of its name, or its status alone; answers with what was written. */
export function writeOver({ object, warnings }: Admitted, exchange: ResourceExchange): Answer {
  const writer = writerOf(exchange);
  const options = writeOptionsOf(exchange);
  const body = writing(exchange, object.metadata.name, () =>
    exchange.path.subresource === "status"
      ? writer.updateStatus(object, options)
      : writer.update(object, options),
  );
  return { kind: "object", code: 200, resource: exchange.resource, body, warnings };
}

/** The object that a write is about. Throws StatusError 404. */
export function requirePresent({ resource, path }: ResourceExchange): ApiObject {
  const name = path.name ?? "";
  const found = resource.reader.get({ namespace: path.namespace, name });
  if (found === undefined) throw objectNotFound(resource.definition, name);
  return found;
}

/** Custom resources are never replaced blindly, as on a real API server. */
function requireVersion(object: Draft<ApiObject>, { resource }: ResourceExchange): void {
  if (!resource.custom || (object.metadata.resourceVersion ?? "") !== "") return;
  const cause = {
    reason: "FieldValueInvalid",
    message: "Invalid value: 0x0: must be specified for an update",
    field: "metadata.resourceVersion",
  };
  throw invalid(resource.definition, object.metadata.name, [cause]);
}
