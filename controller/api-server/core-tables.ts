import type { Event, Secret } from "../../crds/core.ts";
import type { ApiObject } from "../../crds/metadata.ts";
import { ageOf } from "../age.ts";
import { NAME_COLUMN } from "./printer-columns.ts";
import type { Cell, TableColumn, TableShape } from "./resource.ts";

type ColumnDraft = Pick<TableColumn, "name" | "description"> & Partial<TableColumn>;

function shape(
  columns: readonly ColumnDraft[],
  cells: (object: ApiObject, now: Date) => readonly Cell[],
): TableShape {
  return { columns: columns.map((column) => ({ type: "string", priority: 0, ...column })), cells };
}

const AGE: ColumnDraft = { name: "Age", description: "time since it was created" };
const created = (object: ApiObject, now: Date): string => ageOf(object.metadata.creationTimestamp, now);

/** As a real API server shows Namespaces. */
export const namespaceTable: TableShape = shape(
  [NAME_COLUMN, { name: "Status", description: "whether it is active or being removed" }, AGE],
  (object, now) => [
    object.metadata.name,
    object.metadata.deletionTimestamp === undefined ? "Active" : "Terminating",
    created(object, now),
  ],
);

/** As a real API server shows Secrets. */
export const secretTable: TableShape = shape(
  [
    NAME_COLUMN,
    { name: "Type", description: "kind of secret" },
    { name: "Data", type: "integer", description: "number of keys" },
    AGE,
  ],
  (object, now) => {
    const secret = object as Secret;
    return [
      secret.metadata.name,
      secret.type ?? "Opaque",
      Object.keys(secret.data ?? {}).length,
      created(secret, now),
    ];
  },
);

/** As a real API server shows Events. */
export const eventTable: TableShape = shape(
  [
    { name: "Last Seen", description: "time since it was last seen" },
    { name: "Type", description: "Normal or Warning" },
    { name: "Reason", description: "cause, CamelCase" },
    { name: "Object", description: "what it is about" },
    { name: "Subobject", description: "part that it is about", priority: 1 },
    { name: "Source", description: "who saw it", priority: 1 },
    { name: "Message", description: "sentence for people" },
    { name: "First Seen", description: "time since it was first seen", priority: 1 },
    { name: "Count", description: "how often it was seen", priority: 1 },
    { ...NAME_COLUMN, priority: 1 },
  ],
  (object, now) => {
    const event = object as Event;
    const created = event.metadata.creationTimestamp;
    const { kind, name, fieldPath } = event.involvedObject;
    return [
      ageOf(event.lastTimestamp ?? event.firstTimestamp ?? created, now),
      event.type,
      event.reason,
      `${kind.toLowerCase()}/${name}`,
      typeof fieldPath === "string" ? fieldPath : "",
      event.source?.component ?? "",
      event.message.trim(),
      ageOf(event.firstTimestamp ?? created, now),
      event.count ?? 1,
      event.metadata.name,
    ];
  },
);

interface PodLike extends ApiObject {
  readonly spec: { readonly nodeName?: string; readonly containers: readonly unknown[] };
  readonly status: {
    readonly phase: string;
    readonly reason?: string;
    readonly podIP?: string;
    readonly containerStatuses: readonly { readonly ready: boolean; readonly restartCount: number }[];
  };
}

/** As a real API server shows Pods. */
export const podTable: TableShape = shape(
  [
    NAME_COLUMN,
    { name: "Ready", description: "containers that are ready, of all" },
    { name: "Status", description: "phase, or the reason it is not running" },
    { name: "Restarts", description: "restarts of its containers" },
    AGE,
    { name: "IP", description: "none: a bottle has no network", priority: 1 },
    { name: "Node", description: "where it runs", priority: 1 },
    { name: "Nominated Node", description: "none", priority: 1 },
    { name: "Readiness Gates", description: "none", priority: 1 },
  ],
  (object, now) => {
    const { metadata, spec, status } = object as PodLike;
    const ready = status.containerStatuses.filter((each) => each.ready).length;
    const restarts = status.containerStatuses.reduce((sum, each) => sum + each.restartCount, 0);
    const state = metadata.deletionTimestamp === undefined ? (status.reason ?? status.phase) : "Terminating";
    return [
      metadata.name,
      `${ready}/${spec.containers.length}`,
      state,
      String(restarts),
      created(object, now),
      status.podIP ?? "<none>",
      spec.nodeName ?? "<none>",
      "<none>",
      "<none>",
    ];
  },
);
