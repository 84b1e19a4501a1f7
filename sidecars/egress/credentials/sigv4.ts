import { createHash, createHmac } from "node:crypto";
import { plainName } from "../request/credential-names.ts";

const ALGORITHM = "AWS4-HMAC-SHA256";
/** what a signature says of a request, and so must come from who signs */
const OURS: ReadonlySet<string> = new Set([
  "authorization",
  "x-amz-content-sha256",
  "x-amz-date",
  "x-amz-security-token",
]);

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

/** A request as it is going to be sent. */
export interface SignableRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  /** with its question mark, or empty */
  readonly query: string;
  /** name, value, name, value, … in lower case */
  readonly headers: readonly string[];
  readonly body: Uint8Array | undefined;
}

export interface SigningScope {
  readonly region: string;
  readonly service: string;
  readonly now: Date;
}

/** What to send in the place of what was given. */
export interface SignedRequest {
  readonly headers: string[];
  /** the same parameters in the one encoding that is signed, so that no server can read another request in it */
  readonly query: string;
}

/**
 * Signs a request with AWS Signature Version 4, in its headers. Signed are the
 * host, the content type, every `x-amz-` header and the hash of the whole body;
 * dates, tokens and signatures that were there before are replaced.
 */
export function signRequest(
  request: SignableRequest,
  credentials: AwsCredentials,
  scope: SigningScope,
): SignedRequest {
  const time = scope.now.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const parameters = [...new URLSearchParams(request.query)].map((pair) => pair.map(strictlyEncoded));
  const bodyHash = sha256(request.body ?? "");
  const headers = [
    ...request.headers.filter((_, index) => !OURS.has(plainName(request.headers[index - (index % 2)]!))),
    ...["x-amz-date", time, "x-amz-content-sha256", bodyHash],
    ...(credentials.sessionToken === undefined ? [] : ["x-amz-security-token", credentials.sessionToken]),
  ];
  const signed = signedFields(["host", request.host, ...headers]);
  const names = [...signed.keys()].toSorted();
  const canonical = [
    request.method,
    canonicalPath(request.path, scope.service),
    joined(parameters.toSorted(byNameAndValue)),
    ...names.map((name) => `${name}:${signed.get(name)}`),
    "",
    names.join(";"),
    bodyHash,
  ].join("\n");
  const place = [time.slice(0, 8), scope.region, scope.service, "aws4_request"];
  const key = place.reduce<string | Buffer>(hmac, `AWS4${credentials.secretAccessKey}`);
  const signature = hmac(key, [ALGORITHM, time, place.join("/"), sha256(canonical)].join("\n"));
  const authorization = [
    `${ALGORITHM} Credential=${[credentials.accessKeyId, ...place].join("/")}`,
    `SignedHeaders=${names.join(";")}`,
    `Signature=${signature.toString("hex")}`,
  ].join(", ");
  return {
    headers: [...headers, "authorization", authorization],
    query: parameters.length === 0 ? "" : `?${joined(parameters)}`,
  };
}

function signedFields(headers: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>();
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index]!;
    if (name !== "host" && name !== "content-type" && !name.startsWith("x-amz-")) continue;
    const value = headers[index + 1]!.trim().replace(/\s+/g, " ");
    fields.set(name, fields.has(name) ? `${fields.get(name)},${value}` : value);
  }
  return fields;
}

/** S3 takes a path for the name of an object, encoded once; the others encode what was sent a second time, without empty segments. */
function canonicalPath(path: string, service: string): string {
  if (service.startsWith("s3")) return path.split("/").map(decoded).map(strictlyEncoded).join("/");
  return path
    .replace(/\/{2,}/g, "/")
    .split("/")
    .map(strictlyEncoded)
    .join("/");
}

/** Bytes that are no UTF-8 stay encoded. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** RFC 3986: every character but the unreserved ones. */
function strictlyEncoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const joined = (pairs: readonly (readonly string[])[]): string =>
  pairs.map((pair) => pair.join("=")).join("&");

/** what is encoded strictly is ASCII, so its order is that of its bytes */
function byNameAndValue(a: readonly string[], b: readonly string[]): number {
  const index = a[0] === b[0] ? 1 : 0;
  return a[index]! < b[index]! ? -1 : Number(a[index]! > b[index]!);
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");
