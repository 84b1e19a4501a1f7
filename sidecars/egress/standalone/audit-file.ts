import { once } from "node:events";
import { appendFileSync, closeSync, createWriteStream, openSync, statSync } from "node:fs";
import { Writable } from "node:stream";

/** Appends to a file, made with mode 0600, or to what else has a path. Rejects when it cannot be opened. */
export async function openAuditFile(path: string): Promise<Writable> {
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() ?? true;
  if (isFile) return appendingTo(openSync(path, "a", 0o600));
  // of a pipe nobody may read: whoever writes there in place would stand still
  const stream = createWriteStream(path, { flags: "a" });
  await once(stream, "open");
  return stream;
}

/** What is written is with the system when the write returns: handing each to a thread would cost more than it takes. */
function appendingTo(descriptor: number): Writable {
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
