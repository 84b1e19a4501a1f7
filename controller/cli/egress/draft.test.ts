import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { Egress } from "../../../crds/egress.ts";
import { Draft } from "./draft.ts";

const record = (fields: object): string =>
  JSON.stringify({
    ...{ time: "2026-11-23T18:00:00.000Z", sequence: 1, run: "r", gate: "egress", because: "b" },
    ...{ verdict: "allow", code: "AllowedByAudit", method: "GET", port: 443, path: "/" },
    ...fields,
  });
const seen = (host: string, path = "/", method = "GET") =>
  record({ host, path, method, wouldDeny: "HostNotAllowed" });

function draft(...lines: string[]): { text: string; routes: unknown } {
  const made = new Draft();
  for (const line of lines) made.add(line);
  const text = made.toYaml();
  const { egress } = parse(text) as { egress: Egress };
  expect(Egress.safeParse(egress).error).toBeUndefined();
  return { text, routes: egress.routes };
}

describe("a draft of routes", () => {
  it("has a route for each host, the most wanted first, with how often it was asked for", () => {
    const { text, routes } = draft(
      ...["/a", "/b"].map((path) => seen("few.example", path)),
      ...["/v1/x", "/v1/y", "/v1/z"].map((path) => seen("many.example", path, "POST")),
    );
    expect(routes).toEqual([
      { host: "many.example", methods: ["POST"], paths: ["/v1/"] },
      { host: "few.example", paths: ["/a", "/b"] },
    ]);
    expect(text).toContain(
      "    # asked for 3 times, last 2026-11-23T18:00:00.000Z\n    - host: many.example\n",
    );
    expect(text).toContain("      methods: [ POST ]");
  });

  it.each([
    { what: "one path", paths: ["/v1/messages"], expected: ["/v1/messages"] },
    { what: "what is below one segment", paths: ["/v1/a/b", "/v1/a/c"], expected: ["/v1/a/"] },
    { what: "a path and what is below it", paths: ["/v1", "/v1/a"], expected: ["/v1"] },
    { what: "two trees", paths: ["/a/1", "/a/2", "/b/1"], expected: ["/a/", "/b/1"] },
    { what: "the root", paths: ["/", "/a"], expected: undefined },
    { what: "many trees", paths: [..."abcdefghi"].map((name) => `/${name}`), expected: undefined },
    { what: "a path that no route can have", paths: ["/a%2Fb"], expected: undefined },
    { what: "a path that was shortened", paths: ["/a/b/ccc… (999 characters)"], expected: ["/a/b/"] },
  ])("gives the paths of $what", ({ paths, expected }) => {
    const { routes } = draft(...paths.map((path) => seen("a.example", path)));
    expect(routes).toEqual([{ host: "a.example", ...(expected && { paths: expected }) }]);
  });

  it("names ports and methods that are not the default", () => {
    const { routes } = draft(
      record({ host: "a.example", port: 8443, method: "DELETE", path: "/x", wouldDeny: "PortNotAllowed" }),
      record({ host: "a.example", port: 443, method: "HEAD", path: "/x", wouldDeny: "MethodNotAllowed" }),
    );
    expect(routes).toEqual([
      { host: "a.example", ports: [443, 8443], methods: ["DELETE", "HEAD"], paths: ["/x"] },
    ]);
  });

  it("takes what was denied for lack of a route, and says when method and path are not known", () => {
    const denied = { verdict: "deny", host: "a.example", method: "CONNECT", path: undefined };
    const { text, routes } = draft(record({ ...denied, code: "HostNotAllowed" }));
    expect(routes).toEqual([{ host: "a.example" }]);
    expect(text).toContain("asked for once");
    expect(text).toContain("refused before method and path were known");
  });

  it("passes over what a route allows, what no route would allow, and what is no record", () => {
    const made = new Draft();
    for (const line of [
      record({ host: "a.example", code: "Allowed" }),
      record({ host: "a.example", verdict: "deny", code: "SecretInBody" }),
      record({ host: "(withheld)", wouldDeny: "HostNotAllowed" }),
      record({ host: "a\u001b[31m.example", wouldDeny: "HostNotAllowed" }),
      '{"time":"2026',
    ]) {
      made.add(line);
    }
    expect(made.isEmpty).toBe(true);
  });
});
