import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";

/** A key pair as OpenSSH writes it. */
export interface SshKey {
  /** without a passphrase; for memory and the control channel only */
  readonly privateKey: string;
  /** type and body, as in authorized_keys and known_hosts */
  readonly publicKey: string;
}

const TYPE = "ssh-ed25519";
const CHARACTERS_A_LINE = 70;
const BLOCK_BYTES = 8;

/**
 * A fresh Ed25519 key pair, made in memory. Encoded here, for nothing else will do: ssh-keygen writes to the disk, and
 * `ssh2` drops leading zeros of the public key, so that one pair in 256 would be broken.
 */
export function createSshKey(): SshKey {
  const { x = "", d = "" } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const key = Buffer.from(x, "base64url");
  const body = Buffer.concat([field(TYPE), field(key)]);
  const secrets = Buffer.concat([field(Buffer.concat([Buffer.from(d, "base64url"), key])), field("")]);
  return {
    privateKey: armoured(privateFormat(body, secrets)),
    publicKey: `${TYPE} ${body.toString("base64")}`,
  };
}

/** What `ssh-keygen -l` shows of the body of a public key. */
export function fingerprintOf(body: Buffer): string {
  return `SHA256:${createHash("sha256").update(body).digest("base64").replace(/=+$/, "")}`;
}

/** As in OpenSSH's PROTOCOL.key; with the cipher "none", what would be encrypted is only padded. */
function privateFormat(body: Buffer, secrets: Buffer): Buffer {
  const check = randomBytes(4);
  const clear = Buffer.concat([check, check, body, secrets]);
  const missing = (BLOCK_BYTES - (clear.length % BLOCK_BYTES)) % BLOCK_BYTES;
  const padding = Buffer.from(Array.from({ length: missing }, (_, index) => index + 1));
  return Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    ...["none", "none", ""].map(field),
    uint32(1),
    field(body),
    field(Buffer.concat([clear, padding])),
  ]);
}

function armoured(bytes: Buffer): string {
  const lines = bytes.toString("base64").match(new RegExp(`.{1,${CHARACTERS_A_LINE}}`, "g")) ?? [];
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join(
    "\n",
  );
}

/** Length and bytes. */
function field(content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
