import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { replacePrivateFile } from "./private-file.ts";
import { isMissing, STATE_FILES } from "./state-folder.ts";

const PUT_BACK = "put back the 16 digits that the label bot-bottle.dev/instance of your containers shows";

/** The file that says which containers are ours cannot be read; with another mark they would be strangers. */
class InstanceUnreadableError extends Error {
  override readonly name = "InstanceUnreadableError";
}

/**
 * The mark of a state folder on everything of ours on this machine: random, made once. A second state folder, or a
 * test run, never touches what carries another one. With `hasBottles` none is made: they would be strangers to a new
 * one. Throws InstanceUnreadableError.
 */
export function instanceOf(stateDir: string, hasBottles = false): string {
  const found = readInstance(stateDir);
  if (found !== undefined) return found;
  const path = join(stateDir, STATE_FILES.instance);
  if (hasBottles) throw new InstanceUnreadableError(`${path} is gone, and there are bottles; ${PUT_BACK}`);
  const made = randomBytes(8).toString("hex");
  replacePrivateFile(path, `${made}\n`);
  return made;
}

/** The mark of a state folder, undefined when nothing was ever made by it. Throws InstanceUnreadableError. */
export function readInstance(stateDir: string): string | undefined {
  const path = join(stateDir, STATE_FILES.instance);
  let text: string;
  try {
    text = readFileSync(path, "utf8").trim();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  if (/^[0-9a-f]{16}$/.test(text)) return text;
  throw new InstanceUnreadableError(`${path} does not hold what bot-bottle wrote; ${PUT_BACK}`);
}
