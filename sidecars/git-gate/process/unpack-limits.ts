const SETTINGS = [
  ["pack.threads", "1"],
  ["core.deltaBaseCacheLimit", "16m"],
] as const;

/**
 * With this git unpacks what an agent pushes and never asks for much memory at once: a delta of a few bytes may say
 * that it makes gigabytes. Twice what the largest file of a push may have.
 */
export const UNPACK_LIMITS: Readonly<Record<string, string>> = {
  GIT_ALLOC_LIMIT: "64m",
  GIT_CONFIG_COUNT: String(SETTINGS.length),
  ...Object.fromEntries(
    SETTINGS.flatMap(([key, value], index) => [
      [`GIT_CONFIG_KEY_${index}`, key],
      [`GIT_CONFIG_VALUE_${index}`, value],
    ]),
  ),
};
