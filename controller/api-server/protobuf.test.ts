import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseProtobuf } from "./protobuf-kinds.ts";
import { ProtobufError } from "./protobuf.ts";

/** what `kubectl create secret generic s --from-literal=a=hunter2` sends, in its parts */
const field = (number: number, content: Buffer | string): Buffer => {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.of((number << 3) | 2, bytes.length), bytes]);
};
const varint = (number: number, value: number): Buffer => Buffer.of(number << 3, value);
const enveloped = (apiVersion: string, kind: string, raw: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from("k8s\0"),
    field(1, Buffer.concat([field(1, apiVersion), field(2, kind)])),
    field(2, raw),
    field(3, ""),
    field(4, ""),
  ]);
const mapEntry = (key: string, value: string): Buffer => Buffer.concat([field(1, key), field(2, value)]);

const metadata = Buffer.concat([
  field(1, "s"),
  field(2, ""),
  field(3, "default"),
  field(5, ""),
  field(8, ""),
  field(11, mapEntry("team", "blue")),
  field(11, mapEntry("empty", "")),
  field(14, "a.b/c"),
]);

describe("parseProtobuf", () => {
  it("reads a Secret", () => {
    const raw = Buffer.concat([
      field(1, metadata),
      field(2, mapEntry("a", "hunter2")),
      field(2, mapEntry("b", "hunter3")),
      field(3, ""),
      varint(5, 1),
    ]);
    expect(parseProtobuf(enveloped("v1", "Secret", raw))).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        name: "s",
        namespace: "default",
        creationTimestamp: null,
        labels: { team: "blue", empty: "" },
        finalizers: ["a.b/c"],
      },
      data: { a: "aHVudGVyMg==", b: "aHVudGVyMw==" },
      immutable: true,
    });
  });

  it("passes over what it does not know", () => {
    const raw = Buffer.concat([field(1, metadata), field(14, "later"), varint(15, 5)]);
    expect(parseProtobuf(enveloped("v1", "Namespace", raw))).toMatchObject({
      kind: "Namespace",
      metadata: { name: "s" },
    });
  });

  it("refuses other kinds, other bytes and what is cut off", () => {
    const whole = enveloped("v1", "Secret", field(1, metadata));
    for (const bytes of [
      Buffer.from("hunter2"),
      enveloped("v1", "Pod", metadata),
      enveloped("v1", "__proto__", metadata),
      whole.subarray(0, 30),
      Buffer.concat([whole, Buffer.of(0x0f)]),
      Buffer.concat([whole, Buffer.alloc(12, 0xff)]),
    ]) {
      expect(() => parseProtobuf(bytes)).toThrow(ProtobufError);
    }
  });

  it("throws nothing but ProtobufError, whatever comes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          parseProtobuf(enveloped("v1", "Secret", Buffer.from(bytes).subarray(0, 120)));
        } catch (error) {
          if (!(error instanceof ProtobufError)) throw error;
        }
      }),
    );
  });
});
