import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CONDITIONS, REASONS } from "../reasons.ts";
import { coreDefinitions } from "../core.ts";
import { resourceDefinitions } from "../resources.ts";
import { generatedFiles } from "./generated-files.ts";
import { openApiSchemaOf } from "./open-api.ts";
import type { StructuralSchema } from "./structural-schema.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/** paths of the fields below a schema that have no description */
function undescribed(schema: StructuralSchema, path: string): string[] {
  return [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
      ...(field.description === undefined ? [`${path}.${name}`] : []),
      ...undescribed(field, `${path}.${name}`),
    ]),
    ...(schema.items === undefined ? [] : undescribed(schema.items, `${path}[]`)),
  ];
}

describe("generated files", () => {
  it.each([...generatedFiles()])("%s is what `npm run generate` writes", (path, content) => {
    expect(readFileSync(join(ROOT, path), "utf8")).toBe(content);
  });

  it("are all manifests that there are", () => {
    const made = [...generatedFiles().keys()].filter((path) => path.startsWith("crds/manifests/"));
    expect(readdirSync(join(ROOT, "crds/manifests")).map((file) => `crds/manifests/${file}`)).toEqual(
      made.toSorted(),
    );
  });
});

describe("docs/spec/conditions.md", () => {
  it("has the sentence of every condition and every reason, and no other", () => {
    const page = readFileSync(join(ROOT, "docs/spec/conditions.md"), "utf8");
    const rows = [...page.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, name, sentence]) => [
      name,
      sentence,
    ]);
    expect(rows).toEqual([...Object.entries(CONDITIONS), ...Object.entries(REASONS)]);
  });
});

describe("openApiSchemaOf", () => {
  it.each([...resourceDefinitions, ...coreDefinitions])("describes every field of $kind", (definition) => {
    const schema = openApiSchemaOf(definition);
    expect(schema.description).toMatch(new RegExp(`^${definition.kind} `));
    expect(undescribed(schema, definition.kind)).toEqual([]);
  });

  it("requires nothing that the server fills in", () => {
    const schema = openApiSchemaOf(resourceDefinitions[0]!);
    expect(schema.required).toBeUndefined();
    expect(schema.properties?.["metadata"]?.required).toBeUndefined();
    expect(Object.keys(schema.properties ?? {})).toEqual([
      "apiVersion",
      "kind",
      "metadata",
      "spec",
      "status",
    ]);
  });
});
