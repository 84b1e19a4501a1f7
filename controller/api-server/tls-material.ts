import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { webcrypto, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { createPrivateFile, readPrivateFile } from "./private-file.ts";

/** What the server shows and what clients pin, PEM. */
export interface TlsMaterial {
  readonly caPem: string;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

const VALID_YEARS = 10;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const LOOPBACK_NAMES: x509.JsonGeneralNames = [
  { type: "ip", value: "127.0.0.1" },
  { type: "ip", value: "::1" },
  { type: "dns", value: "localhost" },
];

/**
 * The server's certificate and the CA that clients pin, made once in `folder`.
 *
 * All three are one file, so a crash leaves all or nothing. The CA's key is
 * never written: it signs one certificate and is forgotten.
 */
export async function ensureTlsMaterial(folder: string, now: Date): Promise<TlsMaterial> {
  const path = join(folder, "tls.json");
  const stored = await readPrivateFile(path);
  if (stored !== undefined) return checked(stored, path, now);
  const made = await makeTlsMaterial(now);
  await createPrivateFile(path, JSON.stringify(made));
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

async function makeTlsMaterial(now: Date): Promise<TlsMaterial> {
  x509.cryptoProvider.set(webcrypto);
  const caKeys = await generateKeys();
  const keys = await generateKeys();
  const notAfter = new Date(now);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + VALID_YEARS);
  // A clock that is set back a little must not make a fresh certificate invalid.
  const common = { notBefore: new Date(now.getTime() - 3_600_000), notAfter, signingAlgorithm: ALGORITHM };
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...common,
    name: "CN=bot-bottle API server CA",
    keys: caKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  const certificate = await x509.X509CertificateGenerator.create({
    ...common,
    subject: "CN=bot-bottle API server",
    issuer: ca.subject,
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(LOOPBACK_NAMES),
    ],
  });
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    caPem: ca.toString("pem"),
    certificatePem: certificate.toString("pem"),
    privateKeyPem: x509.PemConverter.encode(pkcs8, "PRIVATE KEY"),
  };
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}
