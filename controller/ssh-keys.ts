import ssh2 from "ssh2";

/** A key pair as OpenSSH writes it. */
export interface SshKey {
  /** without a passphrase; for memory and the control channel only */
  readonly privateKey: string;
  /** type and body, as in authorized_keys and known_hosts */
  readonly publicKey: string;
}

/** A fresh Ed25519 key pair, made in memory. */
export function createSshKey(): SshKey {
  const { private: privateKey, public: publicKey } = ssh2.utils.generateKeyPairSync("ed25519");
  const [type = "", body = ""] = publicKey.split(" ");
  return { privateKey: `${privateKey.trimEnd()}\n`, publicKey: `${type} ${body}` };
}
