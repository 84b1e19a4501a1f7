/** A rule in CEL over `self`, as `x-kubernetes-validations` has it. */
export interface ValidationRule {
  readonly rule: string;
  readonly message: string;
  /** field below `self` that is at fault, such as `.secretRef` */
  readonly fieldPath?: string;
}

/** The part of OpenAPI 3.0 that a structural schema may consist of, and Kubernetes' extensions. */
export interface StructuralSchema {
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly description?: string;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly required?: readonly string[];
  readonly items?: StructuralSchema;
  readonly additionalProperties?: StructuralSchema;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly nullable?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-validations"?: readonly ValidationRule[];
  readonly [keyword: string]: unknown;
}

type JsonSchema = Readonly<Record<string, unknown>>;

const KEPT = [
  ...["type", "description", "required", "enum", "format", "nullable", "pattern"],
  ...["minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"],
  ...["x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-validations"],
];
const HANDLED = ["properties", "items", "additionalProperties", "allOf"];

/**
 * The structural form of what `z.toJSONSchema(…, { target: "openapi-3.0", io: "input" })` returns: a kube-apiserver
 * prunes by `properties` and refuses `additionalProperties: false` beside them.
 *
 * Throws, with the path, for what no structural schema can say: unions, tuples, references, lookaheads.
 */
export function structuralSchemaOf(schema: JsonSchema, path = ""): StructuralSchema {
  refuseForeign(schema, path);
  return {
    ...Object.fromEntries(KEPT.flatMap((keyword) => (keyword in schema ? [[keyword, schema[keyword]]] : []))),
    ...(schema["type"] === "string" ? patterns(schema, path) : {}),
    ...(schema["type"] === "integer" ? integer(schema) : {}),
    ...(schema["type"] === "object" ? object(schema, path) : {}),
    ...(schema["type"] === "array"
      ? { items: structuralSchemaOf(schema["items"] as JsonSchema, `${path}[]`) }
      : {}),
  };
}

function refuseForeign(schema: JsonSchema, path: string): void {
  const foreign = Object.keys(schema).find((keyword) => ![...KEPT, ...HANDLED].includes(keyword));
  if (foreign !== undefined) throw new Error(`${path || "."}: a structural schema has no ${foreign}`);
  if (typeof schema["type"] !== "string") throw new Error(`${path || "."}: a structural schema needs a type`);
}

/**
 * The patterns of a string, of which zod writes several as an allOf with types in it, where Kubernetes wants none.
 * RE2, which a kube-apiserver uses, has neither lookarounds nor back references nor JavaScript's \u.
 */
function patterns(schema: JsonSchema, path: string): JsonSchema {
  const several = ((schema["allOf"] ?? []) as JsonSchema[]).map(({ pattern }) => ({ pattern }));
  for (const { pattern } of [schema, ...several]) {
    if (/\(\?<?[=!]|\\[1-9u]/.test(String(pattern ?? ""))) {
      throw new Error(`${path || "."}: RE2 cannot compile ${String(pattern)}`);
    }
  }
  return several.length === 0 ? {} : { allOf: several };
}

// zod writes the bounds of a safe integer where there are none.
function integer(schema: JsonSchema): JsonSchema {
  const bound = (keyword: "minimum" | "maximum") =>
    Number.isSafeInteger(schema[keyword]) && Math.abs(schema[keyword] as number) < Number.MAX_SAFE_INTEGER
      ? schema[keyword]
      : undefined;
  return { format: "int64", minimum: bound("minimum"), maximum: bound("maximum") };
}

function object(schema: JsonSchema, path: string): JsonSchema {
  const properties = schema["properties"] as Readonly<Record<string, JsonSchema>> | undefined;
  const additional = schema["additionalProperties"] as JsonSchema | false | undefined;
  const open = typeof additional === "object" && Object.keys(additional).length === 0;
  return {
    ...(properties === undefined ? {} : { properties: mapValues(properties, path) }),
    ...(open ? { "x-kubernetes-preserve-unknown-fields": true } : {}),
    ...(additional && !open ? { additionalProperties: structuralSchemaOf(additional, `${path}.*`) } : {}),
  };
}

function mapValues(properties: Readonly<Record<string, JsonSchema>>, path: string): JsonSchema {
  return Object.fromEntries(
    Object.entries(properties).map(([name, field]) => [name, structuralSchemaOf(field, `${path}.${name}`)]),
  );
}
