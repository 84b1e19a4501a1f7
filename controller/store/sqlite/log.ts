import type { DatabaseSync, StatementSync } from "node:sqlite";

/** The most rows of history, and for how long they are kept. */
export const HISTORY = { rows: 10_000, ms: 60 * 60_000 } as const;

/** Where an object lives; `namespace` is empty for a cluster-scoped one. */
export interface Key {
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

/** One change of one object. `object` is its JSON without the resource version, which is the id. */
export interface Row extends Key {
  readonly id: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly previous: number | null;
  readonly object: string;
}

const COLUMNS = "log.id, log.resource, log.namespace, log.name, log.type, log.previous, log.object";

const STATEMENTS = {
  append: `INSERT INTO log (resource, namespace, name, type, previous, time, object)
    VALUES (:resource, :namespace, :name, :type, :previous, :time, :object)`,
  setNewest: `INSERT INTO newest (resource, namespace, name, id) VALUES (:resource, :namespace, :name, :id)
    ON CONFLICT DO UPDATE SET id = excluded.id`,
  removeNewest: "DELETE FROM newest WHERE resource = :resource AND namespace = :namespace AND name = :name",
  newest: `SELECT ${COLUMNS} FROM newest JOIN log USING (id)
    WHERE newest.resource = :resource AND newest.namespace = :namespace AND newest.name = :name`,
  list: `SELECT ${COLUMNS} FROM newest JOIN log USING (id)
    WHERE newest.resource = :resource AND (:namespace IS NULL OR newest.namespace = :namespace)
    ORDER BY newest.namespace, newest.name`,
  listAt: `SELECT ${COLUMNS} FROM log
    WHERE resource = :resource AND (:namespace IS NULL OR namespace = :namespace)
      AND (namespace, name) > (:afterNamespace, :afterName) AND type != 'DELETED'
      AND id = (SELECT max(id) FROM log AS other WHERE other.resource = log.resource
        AND other.namespace = log.namespace AND other.name = log.name AND other.id <= :at)
    ORDER BY namespace, name`,
  after: `SELECT ${COLUMNS} FROM log
    WHERE resource = :resource AND id > :after AND (:namespace IS NULL OR namespace = :namespace)
    ORDER BY id LIMIT :limit`,
  row: `SELECT ${COLUMNS} FROM log WHERE id = :id`,
  inNamespace: `SELECT ${COLUMNS} FROM newest JOIN log USING (id)
    WHERE newest.namespace = :namespace ORDER BY newest.resource, newest.name`,
  olderThan: `SELECT ${COLUMNS} FROM newest JOIN log USING (id)
    WHERE newest.resource = :resource AND log.time < :time`,
  sequence: "SELECT seq FROM sqlite_sequence WHERE name = 'log'",
  floor: "SELECT floor FROM history",
  setFloor: "UPDATE history SET floor = :floor",
  oldEnough: "SELECT max(id) AS id FROM log WHERE time < :time",
  // what is present stays, and so does the state before each change that stays
  compact: `DELETE FROM log WHERE id <= :floor AND id NOT IN (SELECT id FROM newest)
    AND id NOT IN (SELECT previous FROM log WHERE id > :floor AND previous IS NOT NULL)`,
} as const;

/** The log table and the table of newest rows, statement by statement. Knows nothing of objects' contents. */
export class Log {
  readonly #run: Readonly<Record<keyof typeof STATEMENTS, StatementSync>>;

  constructor(database: DatabaseSync) {
    this.#run = Object.fromEntries(
      Object.entries(STATEMENTS).map(([name, sql]) => [name, database.prepare(sql)]),
    ) as Record<keyof typeof STATEMENTS, StatementSync>;
  }

  /** Adds a change and makes it the newest of its object, or removes the object; returns the new id. */
  append(change: Omit<Row, "id"> & { readonly time: Date }): number {
    const { resource, namespace, name } = change;
    const key = { resource, namespace, name };
    const id = Number(this.#run.append.run({ ...change, time: change.time.getTime() }).lastInsertRowid);
    if (change.type === "DELETED") this.#run.removeNewest.run(key);
    else this.#run.setNewest.run({ ...key, id });
    return id;
  }

  newest({ resource, namespace, name }: Key): Row | undefined {
    return this.#run.newest.get({ resource, namespace, name }) as Row | undefined;
  }

  /** Objects as they are now, in order. */
  list(resource: string, namespace: string | undefined): Iterable<Row> {
    return this.#run.list.iterate({
      resource,
      namespace: namespace ?? null,
    }) as Iterable<unknown> as Iterable<Row>;
  }

  /** Objects as they were at `at`, in order, those behind `after`; right for every `at` that is not below the floor. */
  listAt(
    resource: string,
    namespace: string | undefined,
    from: { readonly at: number; readonly namespace: string; readonly name: string },
  ): Iterable<Row> {
    return this.#run.listAt.iterate({
      resource,
      namespace: namespace ?? null,
      at: from.at,
      afterNamespace: from.namespace,
      afterName: from.name,
    }) as Iterable<unknown> as Iterable<Row>;
  }

  /** At most `limit` changes after `after`, oldest first. */
  after(
    resource: string,
    namespace: string | undefined,
    from: { readonly after: number; readonly limit: number },
  ): Row[] {
    return this.#run.after.all({ resource, namespace: namespace ?? null, ...from }) as unknown[] as Row[];
  }

  row(id: number): Row | undefined {
    return this.#run.row.get({ id }) as Row | undefined;
  }

  /** Every object of every kind in a namespace. */
  inNamespace(namespace: string): Row[] {
    return this.#run.inNamespace.all({ namespace }) as unknown[] as Row[];
  }

  /** Objects that have not changed since `time`. */
  unchangedSince(resource: string, time: Date): Row[] {
    return this.#run.olderThan.all({ resource, time: time.getTime() }) as unknown[] as Row[];
  }

  /** The id of the last change there ever was. */
  get newestId(): number {
    return Number(this.#run.sequence.get()?.["seq"]);
  }

  /** Changes after this id are all there. */
  get floor(): number {
    return Number(this.#run.floor.get()?.["floor"]);
  }

  /** Removes history that is beyond the kept rows or older than the kept time. */
  compact(now: Date): void {
    const old = this.#run.oldEnough.get({ time: now.getTime() - HISTORY.ms })?.["id"];
    const floor = Math.max(this.floor, this.newestId - HISTORY.rows, Number(old ?? 0));
    if (floor === this.floor) return;
    this.#run.setFloor.run({ floor });
    this.#run.compact.run({ floor });
  }
}
