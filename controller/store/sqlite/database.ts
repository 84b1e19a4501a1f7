import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { codeOf, SQLITE, StoreCorruptError, unavailable } from "./sqlite-errors.ts";

const SCHEMA_VERSION = 1;

/*
 * log     every change, oldest first. AUTOINCREMENT, or the ids of removed rows come again.
 *         `previous` is the row of the state before: kept as long as this one, so that a
 *         watch with a selector knows whether an object was selected before a change.
 * newest  the row of the present state of every object
 * history how far back the log is whole
 */
const SCHEMA = `
  CREATE TABLE log (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    resource  TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name      TEXT NOT NULL,
    type      TEXT NOT NULL,
    previous  INTEGER,
    time      INTEGER NOT NULL,
    object    TEXT NOT NULL
  ) STRICT;
  CREATE INDEX log_of_object ON log (resource, namespace, name, id);
  CREATE INDEX log_of_resource ON log (resource, id);
  CREATE TABLE newest (
    resource  TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name      TEXT NOT NULL,
    id        INTEGER NOT NULL,
    PRIMARY KEY (resource, namespace, name)
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX newest_in_namespace ON newest (namespace);
  CREATE TABLE history (floor INTEGER NOT NULL) STRICT;
`;

/**
 * Opens the store's database, making it when it is absent. Throws StoreCorruptError and leaves a damaged
 * file alone; ApiUnavailableError for other failures of the disk.
 */
export function openDatabase(file: string, now: Date): DatabaseSync {
  // made here for its mode: SQLite gives its -wal and -shm files the mode of the database
  closeSync(openSync(file, "a", 0o600));
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    checkWhole(database, file);
    ensureSchema(database, now);
    return database;
  } catch (error) {
    database?.close();
    const code = codeOf(error);
    if (code !== SQLITE.corrupt && code !== SQLITE.notDatabase) throw unavailable(error, file);
    throw new StoreCorruptError(file, { cause: error });
  }
}

function checkWhole(database: DatabaseSync, file: string): void {
  const [found] = database.prepare("PRAGMA quick_check(1)").all();
  if (found?.["quick_check"] !== "ok") throw new StoreCorruptError(file);
}

function ensureSchema(database: DatabaseSync, now: Date): void {
  const version = database.prepare("PRAGMA user_version").get()?.["user_version"];
  if (version === SCHEMA_VERSION) return;
  if (version !== 0) {
    throw new Error(
      `the database is of another version of bot-bottle (format ${String(version)}, wanted ${SCHEMA_VERSION})`,
    );
  }
  // Ids begin at the present time: a client that still holds a version of a database that was moved away gets
  // "expired" from this one, never changes that it would take for its own.
  const first = now.getTime();
  database.exec(`
    BEGIN;
    ${SCHEMA}
    INSERT INTO sqlite_sequence (name, seq) VALUES ('log', ${first});
    INSERT INTO history (floor) VALUES (${first});
    PRAGMA user_version = ${SCHEMA_VERSION};
    COMMIT;
  `);
}
