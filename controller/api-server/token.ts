import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createPrivateFile, readPrivateFile } from "../private-file.ts";

const TOKEN_BYTES = 32;
const SHAPE = /^[A-Za-z0-9_-]{43}$/;

/** The bearer token of this state folder, made once. */
export function ensureToken(folder: string): string {
  const path = join(folder, "token");
  const stored = readPrivateFile(path);
  if (stored !== undefined) {
    if (SHAPE.test(stored)) return stored;
    throw new Error(`the token in ${path} is damaged: remove it and start again`);
  }
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  createPrivateFile(path, token);
  return token;
}
