/** How the content of one protobuf field becomes JSON. */
export type FieldType =
  | { readonly kind: "string" | "integer" | "boolean" | "base64" | "moment" }
  | { readonly kind: "message"; readonly fields: MessageFields }
  | { readonly kind: "map"; readonly value: FieldType };

/** The fields of a message by their number; those that are not named are passed over. */
export type MessageFields = Readonly<
  Record<number, { readonly name: string; readonly type: FieldType; readonly repeated?: true }>
>;

/** What was sent is not the protobuf that it should be. Never quotes it. */
export class ProtobufError extends Error {
  override readonly name = "ProtobufError";
}

const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** A protobuf message as the JSON of the same object. Throws ProtobufError. */
export function decodeMessage(bytes: Buffer, fields: MessageFields): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const { number, content } of wireFields(bytes)) {
    const field = fields[number];
    if (field === undefined) continue;
    if (field.type.kind === "map") {
      const entry = decodeMessage(bytesIn(content), mapEntry(field.type.value));
      object[field.name] = {
        ...(object[field.name] as object),
        [String(entry["key"] ?? "")]: entry["value"] ?? "",
      };
    } else {
      const value = decodeValue(content, field.type);
      // Go writes text that is not set as empty.
      if (value === "") continue;
      object[field.name] = field.repeated ? [...((object[field.name] as unknown[]) ?? []), value] : value;
    }
  }
  return object;
}

const mapEntry = (value: FieldType): MessageFields => ({
  1: { name: "key", type: { kind: "string" } },
  2: { name: "value", type: value },
});

const MOMENT: MessageFields = { 1: { name: "seconds", type: { kind: "integer" } } };

function decodeValue(content: Buffer | bigint, type: Exclude<FieldType, { kind: "map" }>): unknown {
  switch (type.kind) {
    case "string":
      return bytesIn(content).toString("utf8");
    case "base64":
      return bytesIn(content).toString("base64");
    case "integer":
      return Number(integerIn(content));
    case "boolean":
      return integerIn(content) !== 0n;
    case "message":
      return decodeMessage(bytesIn(content), type.fields);
    case "moment": {
      // kubectl sends an empty one where JSON has null.
      const { seconds } = decodeMessage(bytesIn(content), MOMENT) as { seconds?: number };
      return seconds === undefined ? null : momentOf(seconds);
    }
    default:
      return type satisfies never;
  }
}

function momentOf(seconds: number): string | null {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) || date.getUTCFullYear() < 1
    ? null
    : `${date.toISOString().slice(0, 19)}Z`;
}

function bytesIn(content: Buffer | bigint): Buffer {
  if (typeof content === "bigint") throw new ProtobufError("a number where bytes belong");
  return content;
}

function integerIn(content: Buffer | bigint): bigint {
  if (typeof content !== "bigint") throw new ProtobufError("bytes where a number belongs");
  return BigInt.asIntN(64, content);
}

function* wireFields(
  bytes: Buffer,
): Generator<{ readonly number: number; readonly content: Buffer | bigint }> {
  let at = 0;
  while (at < bytes.length) {
    const tag = readVarint(bytes, at);
    const wire = Number(tag.value & 7n);
    const read = readContent(bytes, tag.next, wire);
    yield { number: Number(tag.value >> 3n), content: read.value };
    at = read.next;
  }
}

interface Read<T> {
  readonly value: T;
  readonly next: number;
}

function readContent(bytes: Buffer, at: number, wire: number): Read<Buffer | bigint> {
  if (wire === WIRE.varint) return readVarint(bytes, at);
  if (wire === WIRE.fixed64) return slice(bytes, at, 8);
  if (wire === WIRE.fixed32) return slice(bytes, at, 4);
  if (wire !== WIRE.bytes) throw new ProtobufError(`unknown wire type ${wire}`);
  const length = readVarint(bytes, at);
  if (length.value > BigInt(bytes.length)) throw new ProtobufError("cut off");
  return slice(bytes, length.next, Number(length.value));
}

function slice(bytes: Buffer, at: number, length: number): Read<Buffer> {
  if (at + length > bytes.length) throw new ProtobufError("cut off");
  return { value: bytes.subarray(at, at + length), next: at + length };
}

const LONGEST_VARINT = 10;

function readVarint(bytes: Buffer, at: number): Read<bigint> {
  let value = 0n;
  for (let length = 0; length < LONGEST_VARINT; length += 1) {
    const byte = bytes[at + length];
    if (byte === undefined) throw new ProtobufError("cut off");
    value |= BigInt(byte & 0x7f) << BigInt(7 * length);
    if (byte < 0x80) return { value, next: at + length + 1 };
  }
  throw new ProtobufError("a number of too many bytes");
}
