import { describe, expect, it } from "vitest";
import * as z from "zod";
import { structuralSchemaOf } from "./structural-schema.ts";

const structural = (schema: z.ZodType) =>
  structuralSchemaOf(
    z.toJSONSchema(schema, { target: "openapi-3.0", io: "input" }) as Record<string, unknown>,
  );

describe("structuralSchemaOf", () => {
  it("has no additionalProperties beside properties, and says where unknown fields stay", () => {
    expect(structural(z.strictObject({ a: z.string() }))).toEqual({
      type: "object",
      properties: { a: { type: "string" } },
      required: ["a"],
    });
    expect(structural(z.looseObject({}))).toEqual({
      type: "object",
      properties: {},
      "x-kubernetes-preserve-unknown-fields": true,
    });
    expect(structural(z.record(z.string(), z.int().min(1)))).toEqual({
      type: "object",
      additionalProperties: { type: "integer", format: "int64", minimum: 1, maximum: undefined },
    });
  });

  it("keeps several patterns of a string as allOf without types", () => {
    expect(structural(z.string().regex(/^a/).regex(/b$/))).toEqual({
      type: "string",
      allOf: [{ pattern: "^a" }, { pattern: "b$" }],
    });
  });

  it.each([
    ["a union", z.object({ a: z.union([z.string(), z.int()]) })],
    [
      "a discriminated union",
      z.discriminatedUnion("k", [z.object({ k: z.literal("a") }), z.object({ k: z.literal("b") })]),
    ],
    ["a tuple", z.object({ a: z.tuple([z.string(), z.int()]) })],
    ["an intersection", z.object({ a: z.intersection(z.string(), z.int()) })],
    ["an id, which becomes a reference", z.object({ a: z.string().meta({ id: "Shared" }) })],
    ["anything at all", z.object({ a: z.unknown() })],
    ["a lookahead", z.object({ a: z.string().regex(/^(?!x).*$/) })],
    ["a lookbehind", z.object({ a: z.string().regex(/(?<=x)y/) })],
    ["a back reference", z.object({ a: z.string().regex(/(a)\1/) })],
    ["a lookahead in a second pattern", z.object({ a: z.string().regex(/a/).regex(/(?=x)/) })],
    ["a default", z.object({ a: z.string().default("x") })],
  ])("throws for %s", (_what, schema) => {
    expect(() => structural(schema)).toThrow(/a structural schema|RE2/);
  });
});
