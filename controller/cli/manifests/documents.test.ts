import { describe, expect, it } from "vitest";
import { parseManifest } from "./documents.ts";

const BOTTLE = `apiVersion: bot-bottle.dev/v1alpha1
kind: Bottle
metadata:
  name: hello
spec:
  egress:
    routes:
      - host: example.com
      - host: example.org
        methods:
          - GET
`;
/** ten lines that stand for 9^9 entries */
const bomb = Array.from({ length: 9 }, (_, i) => `b${i}: &a${i + 1} [${`*a${i},`.repeat(9)}]`).join("\n");
const parse = (text: string) => parseManifest({ name: "b.yaml", text });

describe("parseManifest", () => {
  it("reads several documents and passes over empty ones", async () => {
    const documents = await parse(`${BOTTLE}---\n# nothing\n---\n${BOTTLE.replace("hello", "second")}`);
    expect(documents.map(({ object }) => object.metadata.name)).toEqual(["hello", "second"]);
  });

  it.each([
    ["spec.egress.routes[1].methods", 10],
    ["spec.egress.routes[1].methods[0]", 11],
    ["spec.egress.routes[0].host", 8],
    ["spec.egress.routes[0].paths", 8],
    ["spec.nothing.here", 5],
    ["metadata.name", 4],
    ["unknown", 1],
  ])("finds %s on line %i", async (field, line) => {
    const [document] = await parse(BOTTLE);
    expect(document?.locate(field)).toBe(`b.yaml:${line}`);
  });

  it("counts lines from the top of the file in a second document", async () => {
    const [, second] = await parse(`${BOTTLE}---\n${BOTTLE}`);
    expect(second?.locate("metadata.name")).toBe("b.yaml:16");
  });

  it("opens lists, and finds lines in them", async () => {
    const list = JSON.stringify(
      { kind: "List", items: [{ apiVersion: "v1", kind: "Namespace", metadata: { name: "a" } }] },
      null,
      1,
    );
    const [item] = await parse(list);
    expect(item?.object.metadata.name).toBe("a");
    expect(item?.locate("metadata.name")).toBe("b.yaml:8");
  });

  it.each([
    ["a: [1\n", /^b\.yaml:\d+: not valid YAML: /],
    ["a: 1\na: 2\n", /^b\.yaml:2: not valid YAML: .*unique/],
    ["- 1\n", /^b\.yaml:1: this is not an object/],
    ["just words\n", /^b\.yaml:1: this is not an object/],
    ["kind: Bottle\n", /^b\.yaml:1: apiVersion is missing/],
    ["apiVersion: v1\nkind: Secret\n", /metadata\.name is missing/],
    ["apiVersion: v1\nkind: Secret\nmetadata:\n", /^b\.yaml:3: metadata\.name is missing/],
    [
      "apiVersion: v1\nkind: Secret\nmetadata:\n  name: 5\n",
      /^b\.yaml:4: metadata\.name must be text: put 5 in quotes/,
    ],
    [`a: &a0 [x]\n${bomb}`, /^b\.yaml:1: Excessive alias count/],
  ])("says what is wrong with %j, and where", async (text, message) => {
    await expect(parse(text)).rejects.toThrow(message);
  });
});
