import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** Everything that flags and environment decide. Parsed by hand: loading zod takes half as long as all of `bb --help` (ADR 12). */
export interface Config {
  /** database, keys, CA, kubeconfig, audit, log; absolute */
  readonly stateDir: string;
  /** what a person writes and keeps, such as secrets.yaml; absolute */
  readonly configDir: string;
  /** packages and base images that builds share, one per user; absolute */
  readonly cacheDir: string;
  readonly runtime: RuntimeName;
  /** socket of the Docker engine; absolute */
  readonly dockerSocket: string;
  /** port of the API server; absent: the one of last time, or a free one */
  readonly port?: number | undefined;
  readonly logLevel: LogLevel;
  /** whether NO_COLOR allows colour; a terminal is needed as well */
  readonly colorAllowed: boolean;
  /** PEM file of a CA that builds on this machine must trust, beside the system's */
  readonly extraCaFile?: string | undefined;
  /** files of extra CA certificates, by the variable that names each */
  readonly caFiles: Readonly<Record<string, string>>;
  /** where programs are looked for */
  readonly path: string;
  /** real token for `bb demo --live` */
  readonly claudeToken?: string | undefined;
}

const RUNTIMES = ["docker", "fake"] as const;
export type RuntimeName = (typeof RUNTIMES)[number];

const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The variables that bot-bottle reads, with the sentence that `bb --help` prints. */
export const VARIABLES = {
  BB_STATE_DIR:
    "state folder: database, keys, audit, log (default $XDG_STATE_HOME/bot-bottle or ~/.local/state/bot-bottle)",
  XDG_CACHE_HOME: "parent of the folder for what builds share (default ~/.cache)",
  BB_CONFIG_DIR: "configuration folder (default ~/.bot-bottle)",
  BB_RUNTIME: "where bottles run: docker (default) or fake",
  BB_PORT: "port of the API server on 127.0.0.1 (default: the one of last time)",
  BB_LOG_LEVEL: "debug, info (default), warn or error",
  BB_EXTRA_CA:
    "PEM file of a CA that image builds must trust (default NODE_EXTRA_CA_CERTS, then SSL_CERT_FILE)",
  DOCKER_HOST: "socket of the Docker engine, as unix:///path (default unix:///var/run/docker.sock)",
  BOT_BOTTLE_CLAUDE_OAUTH_TOKEN: "long-lived token of `claude setup-token`, for bb demo --live",
  NO_COLOR: "no colour, when set to anything",
} as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** A flag or a variable has a value that cannot be used; the message says which and what it may be. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** The configuration of this process. Throws ConfigError. */
export function readConfig(environment: Environment = process.env): Config {
  return {
    ...foldersOf(environment),
    runtime: oneOf("BB_RUNTIME", given(environment, "BB_RUNTIME") ?? "docker", RUNTIMES),
    dockerSocket: dockerSocketOf(given(environment, "DOCKER_HOST") ?? "unix:///var/run/docker.sock"),
    port: portOf("BB_PORT", given(environment, "BB_PORT")),
    logLevel: oneOf("BB_LOG_LEVEL", given(environment, "BB_LOG_LEVEL") ?? "info", LOG_LEVELS),
    colorAllowed: given(environment, "NO_COLOR") === undefined,
    extraCaFile: Object.values(caFilesOf(environment))[0],
    caFiles: caFilesOf(environment),
    path: given(environment, "PATH") ?? "/usr/sbin:/usr/bin:/sbin:/bin",
    claudeToken: given(environment, "BOT_BOTTLE_CLAUDE_OAUTH_TOKEN"),
  };
}

function foldersOf(environment: Environment): Pick<Config, "stateDir" | "configDir" | "cacheDir"> {
  const home = given(environment, "HOME") ?? homedir();
  const stateHome = given(environment, "XDG_STATE_HOME") ?? join(home, ".local", "state");
  const cacheHome = given(environment, "XDG_CACHE_HOME") ?? join(home, ".cache");
  return {
    stateDir: resolve(given(environment, "BB_STATE_DIR") ?? join(stateHome, "bot-bottle")),
    configDir: resolve(given(environment, "BB_CONFIG_DIR") ?? join(home, ".bot-bottle")),
    cacheDir: resolve(cacheHome, "bot-bottle"),
  };
}

/** The environment that makes a child process read the same configuration. */
export function environmentOf(config: Config): NodeJS.ProcessEnv {
  return {
    ...process.env,
    BB_STATE_DIR: config.stateDir,
    XDG_CACHE_HOME: dirname(config.cacheDir),
    BB_CONFIG_DIR: config.configDir,
    BB_RUNTIME: config.runtime,
    BB_LOG_LEVEL: config.logLevel,
    DOCKER_HOST: `unix://${config.dockerSocket}`,
    ...(config.port === undefined ? {} : { BB_PORT: String(config.port) }),
  };
}

/** A variable that a person names, as in `bb secret set --from-env NAME`. */
export function environmentVariable(name: string): string | undefined {
  return process.env[name];
}

/** A port number from text. Throws ConfigError. */
export function portOf(source: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) {
    throw new ConfigError(`${source} is "${text}"; it must be a port number from 1 to 65535`);
  }
  return port;
}

function given(environment: Environment, name: string): string | undefined {
  const value = environment[name];
  return value === undefined || value === "" ? undefined : value;
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined)
    throw new ConfigError(`${name} is "${value}"; it may be one of: ${allowed.join(", ")}`);
  return found;
}

/** In the order in which they count. */
function caFilesOf(environment: Environment): Record<string, string> {
  return Object.fromEntries(
    ["BB_EXTRA_CA", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"].flatMap((name) => {
      const path = given(environment, name);
      return path === undefined ? [] : [[name, resolve(path)]];
    }),
  );
}

function dockerSocketOf(value: string): string {
  const path = /^unix:\/\/(?<path>\/.+)$/.exec(value)?.groups?.["path"];
  if (path !== undefined) return path;
  throw new ConfigError(
    `DOCKER_HOST is "${value}"; it must be the socket of an engine on this machine: unix:///path`,
  );
}
