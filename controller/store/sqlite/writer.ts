import { events } from "../../../crds/core.ts";
import type { Clock } from "../../engine/index.ts";
import { resourceName } from "./describe.ts";
import type { Key, Log, Row } from "./log.ts";
import {
  assertNamespaceMayGo,
  assertNamespaceTakes,
  emptyTerminatingNamespace,
  namespaceKey,
} from "./namespaces.ts";
import { deletingObject, type Stored } from "./next-object.ts";
import { objectOf, textOf } from "./row-object.ts";
import { assertNoSecretValue } from "./secret-guard.ts";

/** How long an Event that is not repeated stays, as on a real API server. */
export const EVENT_LIFETIME_MS = 60 * 60_000;
const COMPACT_EVERY = 500;
const NAMESPACES = namespaceKey("").resource;
const EVENTS = resourceName(events);

/** Writes changes into the log with all that follows from them. Always inside a transaction. */
export class Writer {
  readonly #log: Log;
  readonly #clock: Clock;
  #sinceCompaction = 0;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  assertNamespaceTakes(key: Key): void {
    assertNamespaceTakes(this.#log, key);
  }

  add(key: Key, object: Stored): Stored {
    if (key.resource === EVENTS) this.#expireEvents();
    const phase = key.resource === NAMESPACES ? { status: { phase: "Active" } } : {};
    return this.#append(key, "ADDED", null, { ...object, ...phase });
  }

  /** Writes the object's new state; one that is being deleted and has no finalizer left is removed by it. */
  replace(row: Row, object: Stored): Stored {
    const { deletionTimestamp, finalizers } = object.metadata;
    if (deletionTimestamp !== undefined && !finalizers?.length && !this.#holdsNamespaceBack(row)) {
      return this.#erase(row, object);
    }
    return this.#append(row, "MODIFIED", row.id, object);
  }

  /**
   * Deletes an object, or marks it while it has finalizers. A Namespace takes
   * everything in it along, and goes when the last of it is gone.
   */
  remove(row: Row): Stored {
    const object = objectOf<Stored>(row);
    if (row.resource === NAMESPACES) return this.#removeNamespace(row, object);
    if (!object.metadata.finalizers?.length) return this.#erase(row, object);
    if (object.metadata.deletionTimestamp !== undefined) return object;
    return this.#append(row, "MODIFIED", row.id, deletingObject(object, this.#clock.now()));
  }

  compact(): void {
    this.#sinceCompaction = 0;
    this.#log.compact(this.#clock.now());
  }

  #removeNamespace(row: Row, object: Stored): Stored {
    assertNamespaceMayGo(row.name);
    if (object.metadata.deletionTimestamp !== undefined) return object;
    const terminating = { ...deletingObject(object, this.#clock.now()), status: { phase: "Terminating" } };
    const marked = this.#append(row, "MODIFIED", row.id, terminating);
    const inside = this.#log.inNamespace(row.name);
    for (const child of inside) this.remove(child);
    // with nothing inside there is no last object whose removal would do it
    if (inside.length === 0) this.#eraseEmptyNamespace(row.name);
    return marked;
  }

  #holdsNamespaceBack(row: Row): boolean {
    return row.resource === NAMESPACES && this.#log.inNamespace(row.name).length > 0;
  }

  #erase(row: Row, object: Stored): Stored {
    const removed = this.#append(row, "DELETED", row.id, object);
    this.#eraseEmptyNamespace(row.namespace);
    return removed;
  }

  #eraseEmptyNamespace(name: string): void {
    const row = emptyTerminatingNamespace(this.#log, name);
    if (row === undefined) return;
    const namespace = objectOf<Stored>(row);
    if (!namespace.metadata.finalizers?.length) this.#append(row, "DELETED", row.id, namespace);
  }

  /** On a real API server Events go after an hour; here too, or a busy bottle fills the disk with them. */
  #expireEvents(): void {
    const since = new Date(this.#clock.now().getTime() - EVENT_LIFETIME_MS);
    for (const row of this.#log.unchangedSince(EVENTS, since)) this.remove(row);
  }

  #append(
    { resource, namespace, name }: Key,
    type: Row["type"],
    previous: number | null,
    object: Stored,
  ): Stored {
    assertNoSecretValue(object);
    const text = textOf(object);
    const id = this.#log.append({
      ...{ resource, namespace, name, type, previous },
      time: this.#clock.now(),
      object: text,
    });
    this.#sinceCompaction += 1;
    if (this.#sinceCompaction >= COMPACT_EVERY) this.compact();
    return objectOf({ id, object: text });
  }
}
