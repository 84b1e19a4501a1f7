import { appendFileSync, closeSync, openSync } from "node:fs";
import { Writable } from "node:stream";

/**
 * Appends to a file, made with mode 0600. What is written is with the system when the write returns: handing each to a
 * thread would cost more than it takes. Throws when the file cannot be opened.
 */
export function createAuditFile(path: string): Writable {
  const descriptor = openSync(path, "a", 0o600);
  const append = (text: string, done: (error?: Error) => void): void => {
    try {
      appendFileSync(descriptor, text);
      done();
    } catch (error) {
      done(error as Error);
    }
  };
  return new Writable({
    decodeStrings: false,
    write: (line: string, _encoding, done) => append(line, done),
    writev: (lines, done) => append(lines.map(({ chunk }) => chunk as string).join(""), done),
    destroy(error, done) {
      closeSync(descriptor);
      done(error);
    },
  });
}
