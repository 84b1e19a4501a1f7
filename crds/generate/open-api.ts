import * as z from "zod";
import type { ResourceDefinition } from "../resources.ts";
import { type StructuralSchema, structuralSchemaOf } from "./structural-schema.ts";

const API_VERSION =
  "APIVersion defines the versioned schema of this representation of an object, such as bot-bottle.dev/v1alpha1.";
const KIND = "Kind says which kind of object this is, in CamelCase.";
const METADATA = "Standard object's metadata: name, namespace, labels, annotations, …";

/**
 * The OpenAPI 3.0 schema of a kind, as an API server serves it for `kubectl explain`: a structural schema with a description
 * on every field. What a client must send is `required`; what the server fills in is not.
 */
export function openApiSchemaOf(definition: ResourceDefinition): StructuralSchema {
  const schema = structuralSchemaOf(
    z.toJSONSchema(definition.schema, { target: "openapi-3.0", io: "input" }) as Record<string, unknown>,
    definition.kind,
  );
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...own } = schema.properties ?? {};
  const { required: _filledInByServer, ...sentMetadata } = metadata ?? {};
  const { required = [], ...rest } = schema;
  const sent = required.filter((name) => name in own);
  return {
    ...rest,
    ...(sent.length === 0 ? {} : { required: sent }),
    properties: {
      apiVersion: { type: "string", description: API_VERSION },
      kind: { type: "string", description: KIND },
      metadata: { ...sentMetadata, description: METADATA },
      ...own,
    },
  };
}
