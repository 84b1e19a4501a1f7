import type { ApiObject } from "../../crds/metadata.ts";
import type { ResourceDefinition } from "../../crds/resources.ts";
import type { ObjectRef } from "../../reconcilers/contract/resource-client.ts";
import type { ResourceStore } from "../store/index.ts";
import { eventTable, namespaceTable } from "./core-tables.ts";
import { tableOfPrinterColumns } from "./printer-columns.ts";
import type { ApiResource, ResourceReader, ResourceWriter, Subresource, WriteOptions } from "./resource.ts";

/** What may be done to objects that are stored as they are. */
export const STORED_VERBS: readonly string[] = [
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "create",
  "update",
  "watch",
];

const STATUS: Subresource = { name: "status", verbs: ["get", "patch", "update"] };

/** A kind of ours, stored as it is. */
export function customResource(definition: ResourceDefinition, store: ResourceStore): ApiResource {
  return {
    definition,
    verbs: STORED_VERBS,
    subresources: definition.hasStatus ? [STATUS] : [],
    patchTypes: ["json", "merge"],
    custom: true,
    reader: storedReader(definition, store),
    writer: storedWriter(definition, store),
    table: tableOfPrinterColumns(definition.printerColumns),
  };
}

/** Events as they are stored. */
export function eventResource(definition: ResourceDefinition, store: ResourceStore): ApiResource {
  return {
    definition,
    verbs: STORED_VERBS,
    subresources: [],
    patchTypes: ["json", "merge", "strategic"],
    custom: false,
    reader: storedReader(definition, store),
    writer: storedWriter(definition, store),
    table: eventTable,
  };
}

/** Namespaces; the store takes their content along when they go. */
export function namespaceResource(definition: ResourceDefinition, store: ResourceStore): ApiResource {
  return {
    definition,
    verbs: STORED_VERBS.filter((verb) => verb !== "deletecollection"),
    subresources: [STATUS],
    patchTypes: ["json", "merge", "strategic"],
    custom: false,
    reader: storedReader(definition, store),
    writer: storedWriter(definition, store),
    table: namespaceTable,
  };
}

/** Reads from the store. */
export function storedReader(of: ResourceDefinition, store: ResourceStore): ResourceReader {
  return {
    get: (ref) => store.get(of, ref),
    list: (options) => store.list(of, options),
    watch: (options) => store.watch(of, options),
  };
}

/** Writes to the store. */
export function storedWriter(of: ResourceDefinition, store: ResourceStore): ResourceWriter {
  const write = (ref: ObjectRef, { dryRun }: WriteOptions, act: () => ApiObject): ApiObject => {
    if (!dryRun) return act();
    const before = store.get(of, ref);
    return withVersionOf(before, store.dryRun(act));
  };
  return {
    create: (object, options) => write(object.metadata, options, () => store.create(of, object)),
    update: (object, options) => write(object.metadata, options, () => store.update(of, object)),
    updateStatus: (object, options) => write(object.metadata, options, () => store.updateStatus(of, object)),
    delete: (ref, preconditions, options) => write(ref, options, () => store.delete(of, ref, preconditions)),
  };
}

/** What was not written has the version that is stored, or none: kubectl diff would show another one as a change. */
function withVersionOf(before: ApiObject | undefined, { metadata, ...rest }: ApiObject): ApiObject {
  const { resourceVersion: _, ...unversioned } = metadata;
  const version = before === undefined ? {} : { resourceVersion: before.metadata.resourceVersion };
  return { ...rest, metadata: { ...unversioned, ...version } as ApiObject["metadata"] };
}

type Show = (object: ApiObject) => ApiObject;

/** A reader that shows each object through `show`. */
export function mappedReader(reader: ResourceReader, show: Show): ResourceReader {
  return {
    get(ref) {
      const found = reader.get(ref);
      return found === undefined ? undefined : show(found);
    },
    list(options) {
      const { items, ...rest } = reader.list(options);
      return { ...rest, items: items.map(show) };
    },
    watch(options) {
      const watch = reader.watch(options);
      return {
        get resourceVersion() {
          return watch.resourceVersion;
        },
        close: () => watch.close(),
        async *[Symbol.asyncIterator]() {
          for await (const event of watch) {
            yield event.type === "BOOKMARK" ? event : { ...event, object: show(event.object) };
          }
        },
      };
    },
  };
}

/** A writer that shows what was written through `show`. */
export function mappedWriter(writer: ResourceWriter, show: Show): ResourceWriter {
  return {
    create: (object, options) => show(writer.create(object, options)),
    update: (object, options) => show(writer.update(object, options)),
    updateStatus: (object, options) => show(writer.updateStatus(object, options)),
    delete: (ref, preconditions, options) => show(writer.delete(ref, preconditions, options)),
  };
}
