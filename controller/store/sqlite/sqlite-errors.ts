import { ApiUnavailableError } from "../../../reconcilers/contract/errors.ts";

/** SQLite's primary result codes that are told apart here. */
export const SQLITE = {
  busy: 5,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notDatabase: 26,
} as const;

/** SQLite's primary result code of an error; undefined for any other error. */
export function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number")
    return undefined;
  return error.errcode & 0xff;
}

/** The database cannot be read; a person has to decide what happens to it. */
export class StoreCorruptError extends Error {
  override readonly name = "StoreCorruptError";
  constructor(file: string, options?: ErrorOptions) {
    super(
      `the database ${file} is damaged and was left as it is. To start with an empty one, keep the old one aside: ` +
        `mkdir ${file}.damaged && mv ${file} ${file}-* ${file}.damaged/ — then start again and apply your YAML files. ` +
        "Bottles that run are not in the empty database; `bb cleanup` lists them",
      options,
    );
  }
}

/** What a caller is told when SQLite failed during a call: the state folder, the cause and what to do. */
export function unavailable(error: unknown, file: string): unknown {
  const options = { cause: error };
  switch (codeOf(error)) {
    case undefined:
      return error;
    case SQLITE.full:
      return new ApiUnavailableError(
        `the disk of ${file} is full; nothing was changed. Free some space and try again`,
        options,
      );
    case SQLITE.corrupt:
    case SQLITE.notDatabase:
      return new ApiUnavailableError(new StoreCorruptError(file).message, options);
    default:
      return new ApiUnavailableError(
        `the database ${file} cannot be written or read (${String((error as Error).message)})`,
        options,
      );
  }
}
