import { describe, expect, it } from "vitest";
import { readExamples } from "../tests/fixtures/examples.ts";
import { validate } from "./validation.ts";

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
