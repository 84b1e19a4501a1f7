import { hkdfSync } from "node:crypto";
import type { EgressPolicy } from "../../../sidecars/wire/egress-policy.ts";
import type { CertificateAuthority } from "../../contract/certificate-authorities.ts";
import type { ProvisionedFile } from "../../contract/sandbox-runtime.ts";
import { AGENT_USER, CANARY_PATH } from "../../shared/agent-paths.ts";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

interface Canaries {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly token: string;
  readonly password: string;
}

/**
 * Values that look like credentials, open nothing, and are in no two bottles the same. They follow from the key of the
 * bottle's CA, one way alone, so they last as long as it does and nothing more has to be kept.
 */
function canariesOf({ privateKeyPem }: CertificateAuthority): Canaries {
  const text = (what: string, length: number, alphabet: string): string =>
    [...new Uint8Array(hkdfSync("sha256", privateKeyPem, "", `bot-bottle canary: ${what}`, length))]
      .map((byte) => alphabet[byte % alphabet.length])
      .join("");
  return {
    accessKeyId: `AKIA${text("access key id", 16, UPPER)}`,
    secretAccessKey: text("secret access key", 40, LETTERS),
    token: `ghp_${text("token", 36, LETTERS)}`,
    password: text("password", 24, LETTERS),
  };
}

/** What must not leave a bottle with this policy. */
export function canaryValues({ canaries }: EgressPolicy, authority: CertificateAuthority): string[] {
  return canaries === "planted" ? Object.values(canariesOf(authority)) : [];
}

/** The file that they are planted in; no program reads one of this name. */
export function canaryFiles({ canaries }: EgressPolicy, authority: CertificateAuthority): ProvisionedFile[] {
  if (canaries === "none") return [];
  const { accessKeyId, secretAccessKey, token, password } = canariesOf(authority);
  const content = `AWS_ACCESS_KEY_ID=${accessKeyId}
AWS_SECRET_ACCESS_KEY=${secretAccessKey}
GITHUB_TOKEN=${token}
DATABASE_URL=postgres://admin:${password}@db.internal:5432/production
`;
  return [{ path: CANARY_PATH, content, mode: 0o600, owner: AGENT_USER }];
}
