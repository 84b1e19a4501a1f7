import { createHash, X509Certificate } from "node:crypto";

const MAGIC = 0xfeedfeed;
const VERSION = 2;
const TRUSTED_CERTIFICATE = 2;
/** Java's own default; it guards a file whose content is public */
const PASSWORD = "changeit";
const SALT = "Mighty Aphrodite";

/**
 * A certificate as a trust store of Java's (JKS), which every Java reads and none reads PEM instead. The same bytes
 * from the same certificate.
 */
export function javaTrustStore(certificatePem: string): Buffer {
  const certificate = new X509Certificate(certificatePem);
  const content = Buffer.concat([
    numbers(MAGIC, VERSION, 1, TRUSTED_CERTIFICATE),
    shortText("bot-bottle"),
    since(certificate.validFromDate),
    shortText("X.509"),
    numbers(certificate.raw.length),
    certificate.raw,
  ]);
  return Buffer.concat([content, digestOf(content)]);
}

function digestOf(content: Buffer): Buffer {
  const password = Buffer.from(PASSWORD, "utf16le").swap16();
  return createHash("sha1").update(password).update(SALT).update(content).digest();
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
  return bytes;
}

function shortText(text: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return Buffer.concat([length, Buffer.from(text, "latin1")]);
}

function since(date: Date): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(date.getTime()));
  return bytes;
}
