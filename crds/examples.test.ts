import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { readExamples } from "../tests/fixtures/examples.ts";
import { resourceDefinitions } from "./resources.ts";
import { describeErrors, validate } from "./validation.ts";

const valid = readExamples("valid");
const invalid = readExamples("invalid");

const errorsOf = ({ definition, object }: (typeof valid)[number]) =>
  validate(definition, object).map(({ path, message }) => `${path} ${message}`);

describe("examples", () => {
  it("are many", () => {
    expect(valid.length).toBeGreaterThanOrEqual(12);
    expect(invalid.length).toBeGreaterThanOrEqual(35);
  });

  it.each(valid)("accepts $name", (example) => {
    expect(errorsOf(example)).toEqual([]);
  });

  it.each(invalid)("refuses $name with the one error that it names", (example) => {
    expect(example.error).toBeDefined();
    expect(errorsOf(example)).toEqual([expect.stringContaining(example.error!)]);
  });
});

describe("the folder examples/", () => {
  const folder = join(import.meta.dirname, "..", "examples");
  const documents = readdirSync(folder)
    .filter((file) => file.endsWith(".yaml"))
    .flatMap((file) => {
      const parsed = parseAllDocuments(readFileSync(join(folder, file), "utf8"));
      return parsed.map((document) => document.toJS() as { kind?: string; metadata?: { name: string } });
    })
    .filter(({ kind }) => kind !== undefined);

  it("has some", () => {
    expect(documents.length).toBeGreaterThan(0);
  });

  it.each(documents)("holds a valid $kind $metadata.name", (object) => {
    const definition = resourceDefinitions.find(({ kind }) => kind === object.kind)!;
    expect(describeErrors(validate(definition, object))).toBe("");
  });
});
