import { CONDITIONS, REASONS } from "../reasons.ts";
import type { ResourceDefinition } from "../resources.ts";
import { openApiSchemaOf } from "./open-api.ts";
import type { StructuralSchema } from "./structural-schema.ts";

const GENERATED = "<!-- made by `npm run generate` from crds/; edit there -->";

/** `docs/spec/<kind>.md`: what every field of a kind means, and what is refused. */
export function specPageOf(definition: ResourceDefinition): string {
  const { spec, status } = openApiSchemaOf(definition).properties ?? {};
  const schema = openApiSchemaOf(definition);
  return [
    GENERATED,
    `# ${definition.kind}`,
    schema.description ?? "",
    facts(definition),
    "## Spec",
    fieldTable("spec", spec ?? {}),
    "Beyond types, patterns and lengths, these rules hold; [admission.md](admission.md) says who refuses what breaks one.",
    ruleList(schema),
    "## Status",
    fieldTable("status", status ?? {}),
    ...(definition.kind === "Bottle"
      ? [
          "Conditions and their reasons: [conditions.md](conditions.md). How its fields go over its class's: [merging.md](merging.md).",
        ]
      : []),
    "Examples: [valid](../../crds/examples/valid), [refused](../../crds/examples/invalid), each with its error.",
  ].join("\n\n");
}

/** `docs/spec/conditions.md`: what each condition type and each reason says. */
export function conditionsPage(): string {
  return [
    GENERATED,
    "# Conditions and reasons",
    "Conditions are the user interface of a Bottle. `status` is `Unknown` for what was not seen; `lastTransitionTime` moves only when `status` does. " +
      "Types, reasons and their meaning are stable; messages are for people.",
    "## Conditions of a Bottle",
    table(
      ["type", "meaning"],
      Object.entries(CONDITIONS).map(([type, meaning]) => [code(type), meaning]),
    ),
    "## Reasons",
    table(
      ["reason", "meaning"],
      Object.entries(REASONS).map(([reason, meaning]) => [code(reason), meaning]),
    ),
  ].join("\n\n");
}

function facts(definition: ResourceDefinition): string {
  const names = [definition.plural, definition.singular, ...definition.shortNames].map(code).join(", ");
  const scope = definition.namespaced ? "namespaced" : "cluster-scoped";
  const columns = definition.printerColumns.map(({ name, priority }) =>
    priority === 0 ? name : `${name} (wide)`,
  );
  return [
    `- \`apiVersion: ${definition.group}/${definition.version}\`, ${scope}; names for kubectl: ${names}`,
    `- columns: NAME, ${columns.join(", ")}`,
  ].join("\n");
}

function fieldTable(name: string, schema: StructuralSchema): string {
  const rows = [...fields(schema, name)].map(({ path, field, required }) => [
    code(path),
    typeOf(field) + (required ? ", required" : ""),
    field.description ?? "",
  ]);
  return table(["field", "type", "meaning"], rows);
}

interface Field {
  readonly path: string;
  readonly field: StructuralSchema;
  readonly required: boolean;
}

/** every field below a schema, depth first; `[]` marks the items of a list */
function* fields(schema: StructuralSchema, path: string): Generator<Field> {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const here = `${path}.${name}`;
    yield { path: here, field, required: schema.required?.includes(name) ?? false };
    yield* fields(field, here);
    if (field.items !== undefined) yield* fields(field.items, `${here}[]`);
  }
}

function typeOf(schema: StructuralSchema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(", ");
  if (schema.items === undefined) return schema.format === "date-time" ? "moment" : (schema.type ?? "");
  const plural = schema.items.type === "object" ? "objects" : `${typeOf(schema.items)}s`;
  return `list of ${plural}`;
}

function ruleList(schema: StructuralSchema): string {
  return [...rules(schema, "")]
    .map(({ path, message }) => `- ${code(path.replace(/^\./, ""))} ${message}`)
    .join("\n");
}

function* rules(schema: StructuralSchema, path: string): Generator<{ path: string; message: string }> {
  for (const { message, fieldPath = "" } of schema["x-kubernetes-validations"] ?? []) {
    yield { path: path + fieldPath, message };
  }
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    yield* rules(field, path === "" ? name : `${path}.${name}`);
  }
  if (schema.items !== undefined) yield* rules(schema.items, `${path}[]`);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function code(text: string): string {
  return `\`${text}\``;
}
