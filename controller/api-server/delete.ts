import * as z from "zod";
import type { ApiObject } from "../../crds/metadata.ts";
import type { Answer } from "./answer.ts";
import { mediaTypeOf, parseObject } from "./body.ts";
import type { ResourceExchange } from "./exchange.ts";
import { requirePresent } from "./replace.ts";
import { selecting, selectionOf } from "./read.ts";
import { apiVersionOf } from "./resource.ts";
import { badRequest, methodNotAllowed } from "./status-error.ts";
import { isDryRun, writeOptionsOf, writerOf, writing } from "./write-options.ts";

/**
 * Owned objects are the reconcilers' affair and a bottle has its own grace
 * time, so propagationPolicy and gracePeriodSeconds are read and have no effect.
 */
const DeleteOptions = z.looseObject({
  kind: z.literal("DeleteOptions").optional(),
  propagationPolicy: z.enum(["Background", "Foreground", "Orphan"]).nullish(),
  preconditions: z
    .looseObject({ uid: z.string().nullish(), resourceVersion: z.string().nullish() })
    .nullish(),
  dryRun: z.array(z.unknown()).nullish(),
});
type DeleteOptions = z.infer<typeof DeleteOptions>;

/** DELETE of one object: the object while its finalizers hold it, a Status when it is gone. */
export async function deleteObject(exchange: ResourceExchange): Promise<Answer> {
  const { resource, path } = exchange;
  const asked = await deleteOptionsOf(exchange);
  const { metadata } = requirePresent(exchange);
  const removed = removeOne(exchange, metadata.name, asked);
  if (isStillThere(exchange, removed)) return { kind: "object", code: 200, resource, body: removed };
  const { group, plural } = resource.definition;
  const details = {
    name: path.name,
    ...(group === "" ? {} : { group }),
    kind: plural,
    uid: removed.metadata.uid,
  };
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
  return { kind: "document", code: 200, body: status };
}

/** DELETE of a collection: everything that the selectors name, finalizers respected. */
export async function deleteCollection(exchange: ResourceExchange): Promise<Answer> {
  const { resource, path } = exchange;
  if (!resource.verbs.includes("deletecollection")) throw methodNotAllowed();
  if (resource.definition.namespaced && path.namespace === undefined) throw methodNotAllowed();
  const asked = await deleteOptionsOf(exchange);
  const found = selecting(() => resource.reader.list(selectionOf(exchange)));
  const items = found.items.map(({ metadata }) => removeOne(exchange, metadata.name, asked));
  const { kind } = resource.definition;
  const metadata = { resourceVersion: found.resourceVersion };
  const body = { kind: `${kind}List`, apiVersion: apiVersionOf(resource.definition), metadata, items };
  return { kind: "object", code: 200, resource, body };
}

function isStillThere({ resource, path }: ResourceExchange, { metadata }: ApiObject): boolean {
  const found = resource.reader.get({ namespace: path.namespace, name: metadata.name });
  return metadata.deletionTimestamp !== undefined && found?.metadata.uid === metadata.uid;
}

function removeOne(exchange: ResourceExchange, name: string, asked: DeleteOptions): ApiObject {
  const { path } = exchange;
  const preconditions = {
    uid: asked.preconditions?.uid ?? undefined,
    resourceVersion: asked.preconditions?.resourceVersion ?? undefined,
  };
  const dryRun = writeOptionsOf(exchange).dryRun || isDryRun(asked.dryRun ?? []);
  return writing(exchange, name, () =>
    writerOf(exchange).delete({ namespace: path.namespace, name }, preconditions, { dryRun }),
  );
}

async function deleteOptionsOf(exchange: ResourceExchange): Promise<DeleteOptions> {
  writerOf(exchange);
  const body = await exchange.readBody();
  const sent = body.length === 0 ? {} : parseObject(body, mediaTypeOf(exchange.headers["content-type"]));
  const policy = exchange.query.get("propagationPolicy") ?? sent["propagationPolicy"];
  const parsed = DeleteOptions.safeParse({
    ...sent,
    ...(policy === undefined ? {} : { propagationPolicy: policy }),
  });
  if (!parsed.success) {
    const fields = parsed.error.issues.map(({ path }) => path.join(".") || "body").join(", ");
    throw badRequest(`DeleteOptions are invalid at ${fields}`);
  }
  return parsed.data;
}
