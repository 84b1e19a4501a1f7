import { mergePatch } from "../store/index.ts";
import { admit } from "./admission.ts";
import type { Answer } from "./answer.ts";
import { mediaTypeOf, parseValue } from "./body.ts";
import type { ResourceExchange } from "./exchange.ts";
import { applyJsonPatch } from "./json-patch.ts";
import { requirePresent, writeOver } from "./replace.ts";
import { PATCH_MEDIA_TYPES, type PatchType } from "./resource.ts";
import { badRequest, StatusError, unsupportedMediaType } from "./status-error.ts";
import { strategicMerge } from "./strategic-merge.ts";
import { writerOf } from "./write-options.ts";

/**
 * PATCH of an object or of its status. What is read, patched and written is
 * read after the body has come, in one go: nothing can come between.
 */
export async function patchObject(exchange: ResourceExchange): Promise<Answer> {
  const { resource, headers } = exchange;
  writerOf(exchange);
  const type = patchTypeOf(mediaTypeOf(headers["content-type"]), resource.patchTypes);
  const patch = parseValue(await exchange.readBody(), "application/json");
  const current = requirePresent(exchange);
  return writeOver(admit(patchedObject(type, current, patch), exchange), exchange);
}

function patchTypeOf(mediaType: string, accepted: readonly PatchType[]): PatchType {
  const found = accepted.find((type) => PATCH_MEDIA_TYPES[type] === mediaType);
  if (found !== undefined) return found;
  throw unsupportedMediaType(accepted.map((type) => PATCH_MEDIA_TYPES[type]));
}

function patchedObject(type: PatchType, current: object, patch: unknown): Record<string, unknown> {
  const patched = applied(type, current, patch);
  if (typeof patched === "object" && patched !== null && !Array.isArray(patched)) {
    return patched as Record<string, unknown>;
  }
  throw new StatusError({ code: 422, reason: "Invalid", message: "the patch does not leave an object" });
}

function applied(type: PatchType, current: object, patch: unknown): unknown {
  switch (type) {
    case "json":
      return applyJsonPatch(current, patch);
    case "merge":
      return mergePatch(current, asObject(patch));
    case "strategic":
      return strategicMerge(current, asObject(patch));
    default:
      return type satisfies never;
  }
}

function asObject(patch: unknown): object {
  if (typeof patch === "object" && patch !== null && !Array.isArray(patch)) return patch;
  throw badRequest("the patch must be one object");
}
