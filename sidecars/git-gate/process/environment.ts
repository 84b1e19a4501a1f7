/** Variables of a child process, and never anything else of this process's own. */
export type Environment = Readonly<Record<string, string>>;

/** Variables with which git gives a hook the objects of its push. */
export const QUARANTINE = ["GIT_QUARANTINE_PATH", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"];

/** Settings for one git, above those of every file. */
export function gitSettings(settings: readonly (readonly [string, string])[]): Environment {
  const numbered = settings.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key] as const,
    [`GIT_CONFIG_VALUE_${index}`, value] as const,
  ]);
  return { GIT_CONFIG_COUNT: String(settings.length), ...Object.fromEntries(numbered) };
}

/** What every child has. */
export function baseEnvironment(path: string): Environment {
  return { PATH: path, HOME: "/nonexistent", LC_ALL: "C" };
}

/**
 * The environment of every git that the gate starts, made from nothing: no configuration but the repository's own
 * file, no replaced objects, no way to anywhere, nobody to ask, English words to read.
 */
export function gitEnvironment(path: string): Environment {
  return {
    ...baseEnvironment(path),
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_ALLOW_PROTOCOL: "none",
    GIT_TERMINAL_PROMPT: "0",
    GIT_SSH_VARIANT: "ssh",
  };
}
