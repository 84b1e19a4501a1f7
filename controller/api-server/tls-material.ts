import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { createCertificateAuthority } from "../../sidecars/egress/certificates/authority.ts";
import {
  createServerCertificate,
  type ServerCertificate,
} from "../../sidecars/egress/certificates/server-certificate.ts";
import { createPrivateFile, readPrivateFile } from "../private-file.ts";

/** What the server shows and what clients pin, PEM. */
export interface TlsMaterial extends ServerCertificate {
  readonly caPem: string;
}

/** ten years */
const VALID_DAYS = 3652;
const LOOPBACK = ["127.0.0.1", "::1", "localhost"];

/**
 * The server's certificate and the CA that clients pin, made once in `folder`.
 *
 * All three are one file, so a crash leaves all or nothing. The CA's key is
 * never written: it signs one certificate and is forgotten.
 */
export function ensureTlsMaterial(folder: string, now: Date): TlsMaterial {
  const path = join(folder, "tls.json");
  const stored = readPrivateFile(path);
  if (stored !== undefined) return checked(stored, path, now);
  const made = makeTlsMaterial(now);
  createPrivateFile(path, JSON.stringify(made));
  return made;
}

function checked(stored: string, path: string, now: Date): TlsMaterial {
  const remedy = `remove ${path} and start again; clients then need the new kubeconfig`;
  try {
    const material = JSON.parse(stored) as TlsMaterial;
    const certificate = new X509Certificate(material.certificatePem);
    if (!certificate.verify(new X509Certificate(material.caPem).publicKey)) throw new Error("not of this CA");
    if (new Date(certificate.validTo) > now) return material;
  } catch (error) {
    // The parser's error would quote the private key.
    throw new Error(`the API server's certificate cannot be read: ${remedy}`, {
      cause: error instanceof SyntaxError ? undefined : error,
    });
  }
  throw new Error(`the API server's certificate has run out: ${remedy}`);
}

function makeTlsMaterial(now: Date): TlsMaterial {
  const authority = createCertificateAuthority({
    commonName: "bot-bottle API server CA",
    now,
    days: VALID_DAYS,
  });
  return { caPem: authority.certificatePem, ...createServerCertificate(authority, LOOPBACK) };
}
