import type { PrinterColumn, ResourceDefinition } from "../resources.ts";
import { openApiSchemaOf } from "./open-api.ts";

/** The CustomResourceDefinition of a kind, as `kubectl apply` takes it. */
export function manifestOf(definition: ResourceDefinition): object {
  const { group, kind, plural, singular, shortNames, categories } = definition;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames, categories },
      scope: definition.namespaced ? "Namespaced" : "Cluster",
      versions: [versionOf(definition)],
    },
  };
}

function versionOf(definition: ResourceDefinition): object {
  const schema = openApiSchemaOf(definition);
  return {
    name: definition.version,
    served: true,
    storage: true,
    ...(definition.hasStatus ? { subresources: { status: {} } } : {}),
    additionalPrinterColumns: definition.printerColumns.map(columnOf),
    schema: {
      openAPIV3Schema: { ...schema, properties: { ...schema.properties, metadata: metadataOf(definition) } },
    },
  };
}

// A kube-apiserver knows metadata itself and takes an opinion on the name alone.
function metadataOf({ maxNameLength }: ResourceDefinition): object {
  if (maxNameLength === undefined) return { type: "object" };
  return { type: "object", properties: { name: { type: "string", maxLength: maxNameLength } } };
}

function columnOf({ name, type, jsonPath, description, priority }: PrinterColumn): object {
  return { name, type, jsonPath, description, ...(priority === 0 ? {} : { priority }) };
}
