import { randomUUID } from "node:crypto";
import { secrets, type Secret } from "../../crds/core.ts";
import type { ApiObject } from "../../crds/metadata.ts";
import type { Draft } from "../../reconcilers/contract/resource-client.ts";
import { splitSecret, type SecretVault } from "../secrets/index.ts";
import type { ResourceStore } from "../store/index.ts";
import { secretTable } from "./core-tables.ts";
import type { ApiResource, ResourceWriter, WriteOptions } from "./resource.ts";
import { checkSecret } from "./secret-rules.ts";
import { mappedReader, mappedWriter, STORED_VERBS, storedReader, storedWriter } from "./stored-resource.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** Random, new with each write that carries a value: a changed value has to wake those who watch, and must not show. */
const REVISION_ANNOTATION = "bot-bottle.dev/values-revision";

/** The part of the vault that the API needs: it never reads a value. */
export type SecretSink = Pick<SecretVault, "hold" | "forget">;

/**
 * Secrets: values go to the vault, the store and every answer have key names
 * with empty values. A write with an empty value keeps the held one. JSON patch
 * is not taken: `test` would tell a value and `copy` would lose one.
 */
export function secretResource(store: ResourceStore, vault: SecretSink): ApiResource {
  return {
    definition: secrets,
    verbs: STORED_VERBS,
    subresources: [],
    patchTypes: ["merge", "strategic"],
    custom: false,
    reader: mappedReader(storedReader(secrets, store), blanked),
    writer: mappedWriter(splittingWriter(store, vault), blanked),
    table: secretTable,
  };
}

function splittingWriter(store: ResourceStore, vault: SecretSink): ResourceWriter {
  const writer = storedWriter(secrets, store);
  const tellVault = ({ metadata }: ApiObject, values?: ReadonlyMap<string, Buffer>): void => {
    const now = store.get(secrets, metadata);
    // Without its last finalizer it went with the write.
    if (now?.metadata.uid !== metadata.uid) vault.forget(metadata.uid);
    else if (values !== undefined) vault.hold(metadata.uid, { keys: Object.keys(now.data ?? {}), values });
  };
  const write = (sent: Draft<ApiObject>, options: WriteOptions, put: ResourceWriter["create"]): ApiObject => {
    checkSecret(sent, store.get(secrets, sent.metadata));
    const { object, values } = splitSecret(known(sent));
    const written = put((values.size === 0 ? object : revised(object)) as Draft<ApiObject>, options);
    if (!options.dryRun) tellVault(written, values);
    return written;
  };
  return {
    create: (sent, options) => write(sent, options, writer.create),
    update: (sent, options) => write(sent, options, writer.update),
    updateStatus: (sent, options) => write(sent, options, writer.update),
    delete(ref, preconditions, options) {
      const removed = writer.delete(ref, preconditions, options);
      if (!options.dryRun) tellVault(removed);
      return removed;
    },
  };
}

/** Only the fields that a Secret has: a value in a misspelt one must not reach the disk. */
function known(sent: Draft<ApiObject>): Draft<Secret> {
  const { apiVersion, kind, metadata, type, data, stringData, immutable } = sent as Draft<Secret>;
  return {
    apiVersion,
    kind,
    metadata,
    type: type || "Opaque",
    ...(data === undefined || data === null ? {} : { data }),
    ...(stringData === undefined || stringData === null ? {} : { stringData }),
    ...(immutable === undefined ? {} : { immutable }),
  } as Draft<Secret>;
}

function revised(object: Draft<Secret>): Draft<Secret> {
  const annotations = { ...object.metadata.annotations, [REVISION_ANNOTATION]: randomUUID() };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** What may be shown of a Secret, whoever wrote it. */
function blanked(secret: ApiObject): ApiObject {
  const { data, stringData: _, ...rest } = secret as Secret;
  const { [LAST_APPLIED]: __, ...annotations } = rest.metadata.annotations ?? {};
  const shown = {
    ...rest,
    metadata: rest.metadata.annotations === undefined ? rest.metadata : { ...rest.metadata, annotations },
  };
  if (data === undefined) return shown as ApiObject;
  return { ...shown, data: Object.fromEntries(Object.keys(data).map((key) => [key, ""])) } as ApiObject;
}
