import { describe, expect, it } from "vitest";
import { InvalidError } from "../../reconcilers/contract/errors.ts";
import { splitSecret } from "./split-secret.ts";

const secret = (fields: object, annotations?: Record<string, string>) =>
  splitSecret({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "s", namespace: "default", ...(annotations && { annotations }) },
    ...fields,
  });
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

describe("splitSecret", () => {
  it("keeps key names and takes the values out of data and stringData", () => {
    const { object, values } = secret({
      data: { a: "aGVsbG8=" },
      stringData: { b: "world" },
      type: "Opaque",
    });
    expect(object).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s", namespace: "default" },
      type: "Opaque",
      data: { a: "", b: "" },
    });
    expect([...values].map(([key, value]) => [key, value.toString()])).toEqual([
      ["a", "hello"],
      ["b", "world"],
    ]);
  });

  it("lets stringData win over data", () => {
    expect(
      secret({ data: { a: "aGVsbG8=" }, stringData: { a: "new" } })
        .values.get("a")
        ?.toString(),
    ).toBe("new");
  });

  it("drops what kubectl remembers of the last apply and keeps the other annotations", () => {
    expect(secret({}, { [LAST_APPLIED]: "hunter2" }).object.metadata).not.toHaveProperty("annotations");
    expect(
      secret({}, { [LAST_APPLIED]: "hunter2", "bot-bottle.dev/hosts": "h" }).object.metadata.annotations,
    ).toEqual({
      "bot-bottle.dev/hosts": "h",
    });
  });

  it("says of an empty value that there is no new one", () => {
    const { object, values } = secret({ data: { a: "" } });
    expect(object.data).toEqual({ a: "" });
    expect(values.size).toBe(0);
  });

  it("refuses what is not base64 without quoting it", () => {
    for (const bad of ["hunter2!", "aGVsbG8", "=aaa"]) {
      const attempt = () => secret({ data: { token: bad } });
      expect(attempt).toThrow(InvalidError);
      expect(attempt).toThrow("data.token: must be base64");
    }
    expect(() => secret({ data: { token: { nested: "hunter2" } } })).toThrow("data.token: must be a string");
    expect(() => secret({ data: "hunter2" })).toThrow("data: must be a map of strings");
  });
});
