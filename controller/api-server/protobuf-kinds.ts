import { decodeMessage, type FieldType, type MessageFields, ProtobufError } from "./protobuf.ts";

/** The media type of Kubernetes objects in protobuf. */
export const PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf";

const STRING: FieldType = { kind: "string" };
const INTEGER: FieldType = { kind: "integer" };
const BOOLEAN: FieldType = { kind: "boolean" };
const MOMENT: FieldType = { kind: "moment" };
const STRINGS: FieldType = { kind: "map", value: STRING };

/** k8s.io/apimachinery/pkg/apis/meta/v1/generated.proto */
const OWNER_REFERENCE: MessageFields = {
  1: { name: "kind", type: STRING },
  3: { name: "name", type: STRING },
  4: { name: "uid", type: STRING },
  5: { name: "apiVersion", type: STRING },
  6: { name: "controller", type: BOOLEAN },
  7: { name: "blockOwnerDeletion", type: BOOLEAN },
};
const OBJECT_META: MessageFields = {
  1: { name: "name", type: STRING },
  2: { name: "generateName", type: STRING },
  3: { name: "namespace", type: STRING },
  5: { name: "uid", type: STRING },
  6: { name: "resourceVersion", type: STRING },
  7: { name: "generation", type: INTEGER },
  8: { name: "creationTimestamp", type: MOMENT },
  9: { name: "deletionTimestamp", type: MOMENT },
  11: { name: "labels", type: STRINGS },
  12: { name: "annotations", type: STRINGS },
  13: { name: "ownerReferences", type: { kind: "message", fields: OWNER_REFERENCE }, repeated: true },
  14: { name: "finalizers", type: STRING, repeated: true },
};
const METADATA = { name: "metadata", type: { kind: "message", fields: OBJECT_META } } as const;

/** k8s.io/api/core/v1/generated.proto, as far as kubectl sends it to this server */
const KINDS: Readonly<Record<string, MessageFields>> = {
  "v1/Namespace": { 1: METADATA },
  "v1/Secret": {
    1: METADATA,
    2: { name: "data", type: { kind: "map", value: { kind: "base64" } } },
    3: { name: "type", type: STRING },
    4: { name: "stringData", type: STRINGS },
    5: { name: "immutable", type: BOOLEAN },
  },
};

/** Four bytes before what is k8s.io/apimachinery/pkg/runtime.Unknown. */
const MAGIC = Buffer.from("k8s\0");
const TYPE_META: MessageFields = {
  1: { name: "apiVersion", type: STRING },
  2: { name: "kind", type: STRING },
};
const UNKNOWN: MessageFields = {
  1: { name: "typeMeta", type: { kind: "message", fields: TYPE_META } },
  2: { name: "raw", type: { kind: "base64" } },
};

/**
 * The object in a body of protobuf. kubectl 1.32 creates Secrets and Namespaces
 * in it, whatever the server says it takes. Throws ProtobufError, also for
 * other kinds.
 */
export function parseProtobuf(body: Buffer): Record<string, unknown> {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) throw new ProtobufError("no Kubernetes object");
  const { typeMeta, raw } = decodeMessage(body.subarray(MAGIC.length), UNKNOWN) as {
    typeMeta?: { apiVersion?: string; kind?: string };
    raw?: string;
  };
  const { apiVersion = "", kind = "" } = typeMeta ?? {};
  const key = `${apiVersion}/${kind}`;
  const fields = Object.hasOwn(KINDS, key) ? KINDS[key] : undefined;
  if (fields === undefined) throw new ProtobufError("a kind that is taken as JSON or YAML only");
  return { ...decodeMessage(Buffer.from(raw ?? "", "base64"), fields), apiVersion, kind };
}
