import type { Client, ConnectConfig, ServerHostKeyAlgorithm } from "ssh2";

/** Kinds of host keys, the one that is best first, with the names that servers offer them by. */
const ALGORITHMS = {
  ed25519: ["ssh-ed25519"],
  ecdsa: ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"],
  rsa: ["rsa-sha2-512", "rsa-sha2-256"],
} as const satisfies Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>>;
export type KeyType = keyof typeof ALGORITHMS;
export const KEY_TYPES = Object.keys(ALGORITHMS) as KeyType[];

/** Where an ssh server answers. */
export interface SshHost {
  /** name or address, without brackets */
  readonly host: string;
  readonly port: number;
}

/** A host gave no key; the message says why. */
export class HostKeyError extends Error {
  override readonly name = "HostKeyError";
  /** whether it has no key of a type that was asked for */
  readonly lacksType: boolean;
  constructor(message: string, more: { readonly lacksType: boolean; readonly cause: unknown }) {
    super(message, { cause: more.cause });
    this.lacksType = more.lacksType;
  }
}

/**
 * The key, in its wire form, with which a host signed a key exchange: the first of `types` that it has. Nobody logs
 * in. Throws HostKeyError.
 */
export async function readHostKey(
  { host, port }: SshHost,
  types: readonly KeyType[],
  timeoutMs: number,
): Promise<Buffer> {
  const { default: ssh2 } = await import("ssh2");
  const client = new ssh2.Client();
  try {
    return await handshake(client, {
      host,
      port,
      // never sent: the connection ends when the key is known
      username: "nobody",
      readyTimeout: timeoutMs,
      algorithms: { serverHostKey: types.flatMap((type) => ALGORITHMS[type]) },
    });
  } catch (error) {
    throw explained(error, `${host}:${port}`, { types, timeoutMs });
  } finally {
    client.destroy();
  }
}

/** Waits for the signature: a host that shows another one's key has no key to give. */
function handshake(client: Client, config: ConnectConfig): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  let shown: Buffer | undefined;
  client.on("error", reject);
  client.on("close", () => reject(new Error("the connection was closed")));
  client.on("handshake", () => (shown === undefined ? reject(new Error("no key")) : resolve(shown)));
  client.connect({
    ...config,
    hostVerifier: (key: Buffer) => {
      shown = key;
      return true;
    },
  });
  return promise;
}

const SOCKET_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "the name could not be looked up",
  EHOSTUNREACH: "it cannot be reached",
  ENETUNREACH: "it cannot be reached",
  ETIMEDOUT: "it did not answer",
};

function explained(
  cause: unknown,
  where: string,
  asked: { readonly types: readonly KeyType[]; readonly timeoutMs: number },
): HostKeyError {
  const { message, code, level } = cause as Error & { readonly code?: string; readonly level?: string };
  const lacksType = message.includes("no matching host key format");
  const why = (): string => {
    if (lacksType) return `it has no host key of type ${asked.types.join(" or ")}`;
    if (level === "client-timeout") return `no key came within ${asked.timeoutMs / 1000} s`;
    if (message.includes("no matching")) return "it offers no key exchange that bb knows";
    return SOCKET_ERRORS[code ?? ""] ?? "what answers there is no ssh server";
  };
  return new HostKeyError(`no host key of ${where}: ${why()}`, { lacksType, cause });
}
