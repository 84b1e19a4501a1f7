/** Variables of a child process, and never anything else of this process's own. */
export type Environment = Readonly<Record<string, string>>;

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
