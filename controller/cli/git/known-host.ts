import { isIPv6 } from "node:net";
import { fingerprintOf } from "../../ssh-keys.ts";
import { CliError, usageError } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import { print, say } from "../output/terminal.ts";
import { HostKeyError, KEY_TYPES, readHostKey, type KeyType, type SshHost } from "./host-key.ts";

export interface KnownHostOptions {
  readonly type?: readonly KeyType[];
  /** milliseconds */
  readonly timeout: number;
}

const SSH_PORT = 22;
const LONGEST_WAIT_MS = 60 * 60_000;

/** Where those who run a host say what its keys are. */
const PUBLISHED: Readonly<Record<string, string>> = {
  "github.com":
    "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/githubs-ssh-key-fingerprints",
  "gitlab.com": "https://gitlab.com/help/instance_configuration",
  "codeberg.org": "https://docs.codeberg.org/security/ssh-fingerprint/",
};
const ON_THE_HOST = "ask, or run there: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub";

/** Prints the line of known_hosts for each type that is asked for; by default for the best that the host has. */
export async function printKnownHost(
  { terminal }: CommandContext,
  where: string,
  options: KnownHostOptions,
): Promise<void> {
  const at = sshHostOf(where);
  // without an end for good, a host that says nothing would be waited for
  const timeoutMs = options.timeout === 0 ? LONGEST_WAIT_MS : options.timeout;
  const wanted = options.type === undefined ? [KEY_TYPES] : options.type.map((type) => [type]);
  for (const types of wanted) {
    const key = await keyOf(at, types, timeoutMs);
    const line = `${knownName(at)} ${typeOf(key)} ${key.toString("base64")}`;
    print(terminal, `${line}\n`);
    say(terminal, `fingerprint: ${fingerprintOf(key)} (${typeOf(key)})`);
    say(terminal, `compare it with what the host's owner publishes: ${PUBLISHED[at.host] ?? ON_THE_HOST}`);
    say(terminal, `then write in the remote:\n  knownHost: "${line}"`);
  }
}

async function keyOf(at: SshHost, types: readonly KeyType[], timeoutMs: number): Promise<Buffer> {
  try {
    return await readHostKey(at, types, timeoutMs);
  } catch (error) {
    if (!(error instanceof HostKeyError)) throw error;
    const next = error.lacksType
      ? "without --type bb takes the best type that the host has"
      : `check host and port; ssh -p ${at.port} ${at.host} says more`;
    throw new CliError(error.message, { next, cause: error });
  }
}

const NAME = /^(?<host>[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)(?::(?<port>\d{1,5}))?$/;
const ADDRESS = /^\[(?<host>[0-9a-f:.]+)\](?::(?<port>\d{1,5}))?$/;

/** `HOST`, `HOST:PORT`, an address, or `[ADDRESS]:PORT`. Throws a usage error. */
function sshHostOf(text: string): SshHost {
  const at = splitPort(text.toLowerCase());
  if (at !== undefined && at.port >= 1 && at.port <= 65_535) return at;
  throw usageError(
    "name a host, and a port from 1 to 65535 if it is not 22: no user, no path",
    "bb git known-host git.example.com:2222",
  );
}

function splitPort(text: string): SshHost | undefined {
  if (isIPv6(text)) return { host: text, port: SSH_PORT };
  const { host, port = SSH_PORT } = (NAME.exec(text) ?? ADDRESS.exec(text))?.groups ?? {};
  if (host === undefined || (text.startsWith("[") && !isIPv6(host))) return undefined;
  return { host, port: Number(port) };
}

/** As ssh looks a host up. */
function knownName({ host, port }: SshHost): string {
  return port === SSH_PORT ? host : `[${host}]:${port}`;
}

/** The first field of a key's wire form; ssh knows no other characters there. */
function typeOf(key: Buffer): string {
  const type = key.subarray(4, 4 + key.readUInt32BE()).toString("latin1");
  if (!/^[a-z0-9@.-]{1,64}$/.test(type)) throw new CliError("the host showed a key of no known type");
  return type;
}
