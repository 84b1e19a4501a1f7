import { X509Certificate } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  assertAuthority,
  createCertificateAuthority,
  fingerprintOf,
} from "../../sidecars/egress/certificates/authority.ts";
import {
  CertificateAuthorityUnreadableError,
  type CertificateAuthorities,
  type CertificateAuthority,
} from "../../reconcilers/contract/certificate-authorities.ts";
import type { Clock } from "../engine/index.ts";
import { createPrivateFile, readPrivateFile, replacePrivateFile, UnsafeFileError } from "../private-file.ts";
import { ensurePrivateDirectory } from "../store/index.ts";

const DAYS = 90;
/** a bottle that is made anew with less than this left gets a new CA */
const RENEW_BELOW_MS = 30 * 24 * 60 * 60_000;
const PEM = /-----BEGIN (CERTIFICATE|PRIVATE KEY)-----[^-]+-----END \1-----\n?/g;
const UID = /^[0-9A-Za-z-]{1,64}$/;

/**
 * CertificateAuthorities in a folder: one 0600 file a bottle, certificate and
 * key in PEM. A file is there whole or not at all, and is replaced only when
 * it could be read and a renewal was asked for.
 */
export function createCertificateAuthorities(options: {
  readonly directory: string;
  readonly clock: Clock;
}): CertificateAuthorities {
  const { directory, clock } = options;
  ensurePrivateDirectory(directory);
  return {
    async of(bottleUid, { renewIfOld }) {
      const file = fileOf(directory, bottleUid);
      const found = read(file);
      if (found !== undefined && !(renewIfOld && isOld(found, clock.now()))) return found;
      const made = createCertificateAuthority({
        commonName: `bot-bottle ${bottleUid}`,
        now: clock.now(),
        days: DAYS,
      });
      write(file, made, found === undefined);
      // when another call was first, its CA is the bottle's
      return read(file) ?? made;
    },
    async remove(bottleUid) {
      rmSync(fileOf(directory, bottleUid), { force: true });
      const drafts = readdirSync(directory).filter((name) => name.startsWith(`${bottleUid}.`));
      for (const draft of drafts) rmSync(join(directory, draft), { force: true });
    },
  };
}

function fileOf(directory: string, uid: string): string {
  if (!UID.test(uid)) throw new Error("a bottle's uid has letters, digits and dashes only");
  return join(directory, uid);
}

function isOld({ certificatePem }: CertificateAuthority, now: Date): boolean {
  return new X509Certificate(certificatePem).validToDate.getTime() - now.getTime() < RENEW_BELOW_MS;
}

function read(file: string): CertificateAuthority | undefined {
  try {
    const text = readPrivateFile(file);
    if (text === undefined) return undefined;
    const [certificatePem = "", privateKeyPem = ""] = text.match(PEM) ?? [];
    assertAuthority({ certificatePem, privateKeyPem });
    return { certificatePem, privateKeyPem, fingerprint: fingerprintOf(certificatePem) };
  } catch (error) {
    throw unreadable(file, error instanceof UnsafeFileError ? error.why : (error as Error).message);
  }
}

function unreadable(file: string, why: string): CertificateAuthorityUnreadableError {
  return new CertificateAuthorityUnreadableError(
    `the certificate authority ${file} cannot be used (${why}) and is not replaced, for the running agent trusts it; ` +
      "restore it, or delete the Bottle",
  );
}

function write(file: string, { certificatePem, privateKeyPem }: CertificateAuthority, isNew: boolean): void {
  if (!isNew) return replacePrivateFile(file, certificatePem + privateKeyPem);
  try {
    createPrivateFile(file, certificatePem + privateKeyPem);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
