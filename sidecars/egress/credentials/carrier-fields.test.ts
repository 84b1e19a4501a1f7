import { describe, expect, it } from "vitest";
import type { AuthPolicy } from "../../wire/route-auth.ts";
import { refusedFields } from "./carrier-fields.ts";

const secret = { name: "s", key: "k" };
const inHeader: AuthPolicy = {
  mode: "inject",
  carrier: { in: "header", name: "x-own-place", prefix: "", coding: "none" },
  secret,
  require: "nothing",
};

describe("a field of the agent's, header or trailer", () => {
  it.each([
    ["authorization", { mode: "strip" }, true],
    ["authorization", inHeader, true],
    ["authorization", { mode: "passthrough" }, false],
    ["accept", { mode: "strip" }, false],
    ["x-own-place", { mode: "strip" }, false],
    ["x-own-place", inHeader, true],
    ["X_Own_Place", inHeader, true],
  ] as const)("%s, on a route with %o, is refused: %s", (name, auth, isRefused) => {
    expect(refusedFields(auth)(name)).toBe(isRefused);
  });
});
