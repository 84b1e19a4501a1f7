import { type Environment, gitSettings } from "./environment.ts";

/**
 * With this git unpacks what an agent pushes and never asks for much memory at once: a delta of a few bytes may say
 * that it makes gigabytes. Twice what the largest file of a push may have.
 */
export const UNPACK_LIMITS: Environment = {
  GIT_ALLOC_LIMIT: "64m",
  ...gitSettings([
    ["pack.threads", "1"],
    ["core.deltaBaseCacheLimit", "16m"],
  ]),
};
