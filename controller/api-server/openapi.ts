import { openApiSchemaOf } from "../../crds/generate/open-api.ts";
import type { ResourceDefinition } from "../../crds/resources.ts";
import type { ApiGroup, Registry } from "./registry.ts";
import { apiVersionOf, type ApiResource, PATCH_MEDIA_TYPES } from "./resource.ts";

const ROOT = "/openapi/v3";

/** `/openapi/v3`: where the schema of each group lies. */
export const openApiIndex = (registry: Registry): object => ({
  paths: Object.fromEntries(
    registry.groups.map((group) => [pathOf(group), { serverRelativeURL: `${ROOT}/${pathOf(group)}` }]),
  ),
});

/** The schema document at `/openapi/v3/…`; undefined when there is no such group. */
export function openApiDocument(registry: Registry, pathname: string): object | undefined {
  const group = registry.groups.find((each) => `${ROOT}/${pathOf(each)}` === pathname);
  return group === undefined ? undefined : documentOf(group);
}

const pathOf = ({ group, version }: ApiGroup): string =>
  group === "" ? `api/${version}` : `apis/${group}/${version}`;

/**
 * kubectl takes a schema for usable only when its paths name kind and action
 * and its writes know `fieldValidation`; else it wants a protobuf document.
 */
function documentOf(group: ApiGroup): object {
  return {
    openapi: "3.0.0",
    info: { title: "bot-bottle", version: apiVersionOf(group) },
    paths: Object.fromEntries(group.resources.flatMap((resource) => pathsOf(group, resource))),
    components: {
      schemas: Object.fromEntries(
        group.resources.map(({ definition }) => [schemaName(definition), schemaOf(definition)]),
      ),
    },
  };
}

const schemaName = ({ group, version, kind }: ResourceDefinition): string =>
  group === ""
    ? `io.k8s.api.core.${version}.${kind}`
    : `${group.split(".").toReversed().join(".")}.${version}.${kind}`;

const kindOf = ({ group, version, kind }: ResourceDefinition): object => ({ group, version, kind });

const schemaOf = (definition: ResourceDefinition): object => ({
  ...openApiSchemaOf(definition),
  "x-kubernetes-group-version-kind": [kindOf(definition)],
});

function pathsOf(group: ApiGroup, resource: ApiResource): [string, object][] {
  const { definition, writer, verbs } = resource;
  const collection = `/${pathOf(group)}/${definition.namespaced ? "namespaces/{namespace}/" : ""}${definition.plural}`;
  const operation = (action: string, parameters: readonly string[]): object => ({
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": kindOf(definition),
    parameters: parameters.map((name) => ({ name, in: "query", schema: { type: "string" } })),
    responses: { "200": { description: "OK", ...contentOf(definition) } },
  });
  const written = ["dryRun", "fieldManager", "fieldValidation"];
  const body = { requestBody: contentOf(definition) };
  const patch = {
    requestBody: {
      content: Object.fromEntries(resource.patchTypes.map((type) => [PATCH_MEDIA_TYPES[type], {}])),
    },
  };
  const writes = writer === undefined ? [] : verbs;
  const collectionWrites = writes.includes("create")
    ? { post: { ...operation("post", written), ...body } }
    : {};
  const objectWrites = writes.includes("update")
    ? {
        put: { ...operation("put", written), ...body },
        patch: { ...operation("patch", [...written, "force"]), ...patch },
        delete: operation("delete", ["dryRun", "propagationPolicy"]),
      }
    : {};
  return [
    [
      collection,
      {
        get: operation("list", ["labelSelector", "fieldSelector", "limit", "continue"]),
        ...collectionWrites,
      },
    ],
    [`${collection}/{name}`, { get: operation("get", []), ...objectWrites }],
  ];
}

const contentOf = (definition: ResourceDefinition): object => ({
  content: { "application/json": { schema: { $ref: `#/components/schemas/${schemaName(definition)}` } } },
});
