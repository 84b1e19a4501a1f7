import { applyPatch, type Operation } from "rfc6902";
import * as z from "zod";
import { badRequest, StatusError } from "./status-error.ts";

const MAX_OPERATIONS = 10_000;
const Pointer = z.string().regex(/^(\/([^~/]|~[01])*)*$/);
const Operations = z
  .array(
    z.discriminatedUnion("op", [
      z.object({ op: z.enum(["add", "replace", "test"]), path: Pointer, value: z.unknown() }),
      z.object({ op: z.literal("remove"), path: Pointer }),
      z.object({ op: z.enum(["move", "copy"]), path: Pointer, from: Pointer }),
    ]),
  )
  .max(MAX_OPERATIONS);

/** Applies a JSON patch (RFC 6902), whole or not at all. Throws StatusError 400 or 422; what was sent is never quoted. */
export function applyJsonPatch(current: object, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest("the patch must be a list of JSON patch operations (RFC 6902)");
  const parsed = Operations.safeParse(patch);
  if (!parsed.success) throw rejected("it has operations that are none (RFC 6902)");
  const document = { root: structuredClone(current) };
  const operations = parsed.data.map((operation) => ({
    ...operation,
    path: `/root${operation.path}`,
    ...("from" in operation ? { from: `/root${operation.from}` } : {}),
  }));
  const failed = applyPatch(document, operations as Operation[]).findIndex((error) => error !== null);
  if (failed === -1) return document.root;
  throw rejected(`operation ${failed} of the patch does not apply`);
}

const rejected = (because: string): StatusError =>
  new StatusError({
    code: 422,
    reason: "Invalid",
    message: `the server rejected our request due to an error in our request: ${because}`,
  });
