import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { Asking } from "./witness.ts";

/** What a secret is written as: by a view, or as it is. */
export type Written = string | Buffer;
/** Writes it into a request; undefined when it has no room there. */
type Carrier = (written: Written) => Asking | undefined;

const FORM_DATA = "multipart/form-data; boundary=b";
const LONGEST_HOST = 253;

const bytesOf = (written: Written): Buffer => Buffer.from(written);
const percentEncoded = (written: Written): string =>
  typeof written === "string" ? encodeURIComponent(written) : written.toString("hex").replace(/../g, "%$&");
/** As it is where a field can hold it; else as browsers write what does not fit. */
const inField = (written: Written): string =>
  typeof written === "string" && /^[\x20-\x7e]+$/.test(written.trim())
    ? written.trim()
    : percentEncoded(written);
const inJson = (written: Written): string =>
  typeof written === "string" ? written : written.toString("latin1");
const hex = (written: Written): string => bytesOf(written).toString("hex");

const typed = (type: string, body: Written): Asking => ({ headers: { "content-type": type }, body });
const part = (headers: string, content: Written): Asking =>
  typed(
    FORM_DATA,
    Buffer.concat([Buffer.from(`--b\r\n${headers}\r\n\r\n`), bytesOf(content), Buffer.from("\r\n--b--\r\n")]),
  );
const field =
  (name: string): Carrier =>
  (written) => ({ headers: { [name]: inField(written) } });
const coded =
  (coding: string, encode: (bytes: Buffer) => Buffer): Carrier =>
  (written) => ({
    headers: { "content-encoding": coding },
    body: encode(bytesOf(written)),
  });

/** The name of a host below example.com, when it is not too long for one. */
function hostOf(labels: string): Asking | undefined {
  const host = `${(labels.match(/.{1,60}/g) ?? []).join(".")}.example.com`;
  return host.length > LONGEST_HOST ? undefined : { host };
}

function grpcMessage(flags: number, bytes: Buffer): Asking {
  const head = Buffer.alloc(5, flags);
  head.writeUInt32BE(bytes.length, 1);
  return typed("application/grpc", Buffer.concat([head, bytes]));
}

/** Places of a request in which a text can leave, over either version of HTTP. */
export const carriers: Readonly<Record<string, Carrier>> = {
  "the path": (written) => ({ path: `/files/${percentEncoded(written)}` }),
  "a query's value": (written) => ({ path: `/?q=${percentEncoded(written)}` }),
  "a query's key": (written) => ({ path: `/?${percentEncoded(written)}=1` }),
  "a header": field("x-note"),
  "a usual header": field("user-agent"),
  "an entity tag": (written) => ({ headers: { "if-none-match": `"${inField(written)}"` } }),
  "the name of a header": (written) => ({ headers: { [`x-${hex(written)}`]: "1" } }),
  "a cookie": (written) => ({ headers: { cookie: `a=1; b=${percentEncoded(written)}` } }),
  "the name of a cookie": (written) => ({ headers: { cookie: `${percentEncoded(written)}=1` } }),
  "labels of a host": (written) => hostOf(hex(written)),
  "a body": (written) => ({ body: bytesOf(written) }),
  "a body, a byte at a time": (written) => ({ body: bytesOf(written), isTrickled: true }),
  "a body of GET": (written) => ({ method: "GET", body: bytesOf(written) }),
  "a body in gzip": coded("gzip", gzipSync),
  "a body in br": coded("br", brotliCompressSync),
  "a body in zstd": coded("zstd", zstdCompressSync),
  "a body in deflate": coded("deflate", deflateSync),
  "a body in gzip in br": coded("gzip, br", (bytes) => brotliCompressSync(gzipSync(bytes))),
  "a JSON value": (written) => typed("application/json", JSON.stringify({ a: [{ b: inJson(written) }] })),
  "a JSON key": (written) => typed("application/json", JSON.stringify({ [inJson(written)]: 1 })),
  "JSON in JSON": (written) =>
    typed("application/json", JSON.stringify({ arguments: JSON.stringify({ command: inJson(written) }) })),
  "a form's value": (written) =>
    typed("application/x-www-form-urlencoded", `a=1&b=${percentEncoded(written)}`),
  "a form's key": (written) => typed("application/x-www-form-urlencoded", `a=1&${percentEncoded(written)}=1`),
  "a part of a form": (written) => part("Content-Disposition: form-data; name=a", written),
  "a part in base64": (written) =>
    part(
      "Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64",
      bytesOf(written).toString("base64").replace(/.{40}/g, "$&\r\n"),
    ),
  "the header of a part": (written) =>
    part(`Content-Disposition: form-data; name=a\r\nX-Note: ${inField(written)}`, "x"),
  "the name of a file": (written) =>
    part(`Content-Disposition: form-data; name=f; filename*=UTF-8''${percentEncoded(written)}`, "x"),
  "the name of a file, as mails write it": (written) =>
    part(
      `Content-Disposition: form-data; name=f; filename="${bytesOf(written)
        .toString("base64")
        .replace(/.{1,12}/g, "=?utf-8?B?$&?= ")}"`,
      "x",
    ),
  "a message of gRPC": (written) => grpcMessage(0, bytesOf(written)),
  "a compressed message of gRPC": (written) => grpcMessage(1, gzipSync(bytesOf(written))),
  "a trailer": (written) => ({ body: "x", trailers: { "x-end": inField(written) } }),
};
