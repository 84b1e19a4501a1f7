import { inflate, inflateRaw, type Inflated } from "../../detection/inflate.ts";

/** What came out of a compressed stream that lies somewhere in a file. */
export interface Stream {
  readonly form: "zip" | "gzip" | "zstd" | "zlib";
  readonly bytes: Buffer;
  readonly end: Inflated["end"];
}

interface Beginning {
  readonly form: Stream["form"];
  readonly bytes: Buffer;
}

const zlib = (level: number): Beginning => ({ form: "zlib", bytes: Buffer.from([0x78, level]) });

/** zip: the header of an entry (APPNOTE 4.3.7); zlib: what compressors write (RFC 1950) */
const BEGINNINGS: readonly Beginning[] = [
  { form: "zip", bytes: Buffer.from("PK\x03\x04", "latin1") },
  { form: "gzip", bytes: Buffer.from([0x1f, 0x8b, 8]) },
  { form: "zstd", bytes: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]) },
  ...[0x01, 0x9c, 0xda].map(zlib),
];

/** of zlib as well; in text it is x^ */
const IN_BINARY = zlib(0x5e);

/**
 * The compressed streams in a file, wherever they lie: the entries of archives such as zip, jar, docx and wheels,
 * whatever the archive's own list says of them; compressed files in a tar; what PDF, PNG and git's packs hold. What
 * is stored as it is can be seen without this. A beginning by chance comes along, with few bytes or none. Formats that
 * node cannot undo (bzip2, xz, 7z) and what is encrypted are left alone.
 */
export async function* compressedStreams(bytes: Buffer, mostBytes: number): AsyncGenerator<Stream> {
  const beginnings = bytes.includes(0) ? [...BEGINNINGS, IN_BINARY] : BEGINNINGS;
  for (const { form, bytes: beginning } of beginnings) {
    for (let at = bytes.indexOf(beginning); at !== -1; at = bytes.indexOf(beginning, at + 1)) {
      yield { form, ...(await inflateAt(form, bytes.subarray(at), mostBytes)) };
    }
  }
}

const NOTHING: Inflated = { bytes: Buffer.alloc(0), end: "broken" };
const NAME_LENGTH_AT = 26;
const EXTRA_LENGTH_AT = 28;
const ZIP_HEADER_BYTES = 30;

/** Readers of zip differ in whether they believe an entry or the archive's list, so its method is not asked for. */
async function inflateAt(form: Stream["form"], bytes: Buffer, mostBytes: number): Promise<Inflated> {
  if (form !== "zip") return inflate(bytes, form === "zlib" ? "deflate" : form, mostBytes);
  if (bytes.length < ZIP_HEADER_BYTES) return NOTHING;
  const names = bytes.readUInt16LE(NAME_LENGTH_AT) + bytes.readUInt16LE(EXTRA_LENGTH_AT);
  return inflateRaw(bytes.subarray(ZIP_HEADER_BYTES + names), mostBytes);
}
