/** Variables of a child process, and never anything else of this process's own. */
export type Environment = Readonly<Record<string, string>>;

/**
 * The environment of every git that the gate starts, made from nothing: no configuration but the repository's own
 * file, no replaced objects, no protocol but ssh, nobody to ask, English words to read.
 */
export function gitEnvironment(path: string): Environment {
  return {
    PATH: path,
    HOME: "/nonexistent",
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_ALLOW_PROTOCOL: "ssh",
    GIT_TERMINAL_PROMPT: "0",
    GIT_SSH_VARIANT: "ssh",
  };
}
