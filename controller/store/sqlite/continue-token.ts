import { InvalidError } from "../../../reconcilers/contract/errors.ts";

/** Where the next page begins: behind this object, as things were at `at`. */
export interface PageStart {
  readonly at: number;
  readonly namespace: string;
  readonly name: string;
}

/** The opaque token of a page. */
export function continueToken({ at, namespace, name }: PageStart): string {
  return Buffer.from(JSON.stringify([at, namespace, name])).toString("base64url");
}

/** Throws InvalidError for what is no token of ours. */
export function parseContinueToken(token: string): PageStart {
  const parts = partsOf(token);
  const [at, namespace, name] = parts;
  if (typeof at !== "number" || typeof namespace !== "string" || typeof name !== "string") {
    throw new InvalidError("continue key is not valid");
  }
  return { at, namespace, name };
}

function partsOf(token: string): unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    return Array.isArray(parts) ? parts : [];
  } catch {
    return []; // refused above, without quoting what was sent
  }
}
