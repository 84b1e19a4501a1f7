import { describe, expect, it } from "vitest";
import type { EgressRoute } from "../../../crds/egress-route.ts";
import { compileEgress } from "../../wire/compile-egress.ts";
import { normalisePath } from "../request/path.ts";
import { type Decidable, decide, decideConnection } from "./decide.ts";
import { indexPolicy, type PolicyIndex } from "./policy-index.ts";

const policyOf = (...routes: EgressRoute[]): PolicyIndex => indexPolicy(compileEgress({ routes }));

function aRequest(some: Partial<Omit<Decidable, "alternativePath">> = {}): Decidable {
  const { path: raw = "/", ...rest } = some;
  const path = normalisePath(raw);
  if (path.kind === "invalid") throw new Error(path.because);
  return {
    host: "a.example",
    port: 443,
    method: "GET",
    ...rest,
    path: path.path,
    alternativePath: path.alternative,
  };
}

const said = (policy: PolicyIndex, some: Parameters<typeof aRequest>[0] = {}): string => {
  const verdict = decide(aRequest(some), policy);
  return verdict.kind === "allow" ? `by ${verdict.route.name}` : verdict.code;
};

describe("decide", () => {
  it("denies everything without a route", () => {
    expect(decide(aRequest(), indexPolicy(compileEgress({})))).toEqual({
      kind: "deny",
      code: "HostNotAllowed",
      because: "no route allows the host a.example",
    });
  });

  it.each([
    [{}, "by a.example"],
    [{ method: "HEAD" }, "by a.example"],
    [{ port: 80 }, "by a.example"],
    [{ method: "POST" }, "MethodNotAllowed"],
    [{ method: "TRACE" }, "MethodNotAllowed"],
    [{ port: 8443 }, "PortNotAllowed"],
    [{ host: "b.example" }, "HostNotAllowed"],
    [{ host: "x.a.example" }, "HostNotAllowed"],
  ])("has tight defaults: %j is %s", (some, verdict) => {
    expect(said(policyOf({ host: "a.example" }), some)).toBe(verdict);
  });

  it.each([
    ["/v1", "/v1", true],
    ["/v1", "/v1/x", true],
    ["/v1", "/v1x", false],
    ["/v1/", "/v1/x", true],
    ["/v1/", "/v1", false],
    ["/a%20b", "/a%20b/c", true],
    ["/", "/anything", true],
  ])("reads the prefix %s on segment boundaries: %s", (prefix, path, isAllowed) => {
    const policy = policyOf({ host: "a.example", paths: [prefix] });
    expect(said(policy, { path })).toBe(isAllowed ? "by a.example" : "PathNotAllowed");
  });

  it("lets the longest prefix decide alone", () => {
    const policy = policyOf(
      { name: "all", host: "a.example", methods: ["*"] },
      { name: "admin", host: "a.example", paths: ["/admin/"], methods: ["GET"] },
    );
    expect(said(policy, { path: "/x", method: "DELETE" })).toBe("by all");
    expect(said(policy, { path: "/admin/x" })).toBe("by admin");
    expect(said(policy, { path: "/admin/x", method: "DELETE" })).toBe("MethodNotAllowed");
  });

  it("asks every route with the same prefix for the method", () => {
    const policy = policyOf(
      { name: "read", host: "a.example", paths: ["/v1/"] },
      { name: "write", host: "a.example", paths: ["/v1/"], methods: ["POST"] },
    );
    expect(said(policy, { path: "/v1/x", method: "POST" })).toBe("by write");
    expect(said(policy, { path: "/v1/x" })).toBe("by read");
  });

  it("lets a host that is named be served by no wildcard", () => {
    const policy = policyOf(
      { name: "any", host: "*.example", methods: ["*"] },
      { name: "one", host: "a.example", paths: ["/only/"] },
    );
    expect(said(policy, { host: "b.example", method: "PUT" })).toBe("by any");
    expect(said(policy, { path: "/else" })).toBe("PathNotAllowed");
  });

  it("lets the longest wildcard decide alone", () => {
    const policy = policyOf(
      { name: "wide", host: "*.example.com", methods: ["*"] },
      { name: "narrow", host: "*.b.example.com" },
    );
    expect(said(policy, { host: "x.b.example.com", method: "PUT" })).toBe("MethodNotAllowed");
    expect(said(policy, { host: "x.y.example.com", method: "PUT" })).toBe("by wide");
    expect(said(policy, { host: "b.example.com", method: "PUT" })).toBe("by wide");
    expect(said(policy, { host: "example.com" })).toBe("HostNotAllowed");
  });

  it("never allows TRACE, which gives back what was sent", () => {
    const policy = policyOf({ host: "a.example", methods: ["*"] });
    expect(said(policy, { method: "DELETE" })).toBe("by a.example");
    expect(said(policy, { method: "TRACE" })).toBe("MethodNotAllowed");
  });

  it("denies a path that another server would read as one of another route", () => {
    const policy = policyOf(
      { name: "all", host: "a.example", methods: ["*"] },
      { name: "admin", host: "a.example", paths: ["/admin"], methods: ["GET"] },
    );
    expect(said(policy, { path: "/admin%2Fx", method: "POST" })).toBe("PathAmbiguous");
    expect(said(policy, { path: "//admin/x", method: "POST" })).toBe("PathAmbiguous");
    expect(said(policy, { path: "/%2561dmin/x", method: "POST" })).toBe("PathAmbiguous");
    expect(said(policy, { path: "/@scope%2Fname", method: "POST" })).toBe("by all");
  });
});

describe("decideConnection", () => {
  it("allows a tunnel when some request in it could be allowed", () => {
    const policy = policyOf({ host: "a.example", paths: ["/one"], ports: [443] });
    expect(decideConnection({ host: "a.example", port: 443 }, policy).kind).toBe("allow");
    expect(decideConnection({ host: "a.example", port: 80 }, policy)).toMatchObject({
      code: "PortNotAllowed",
    });
    expect(decideConnection({ host: "b.example", port: 443 }, policy)).toMatchObject({
      code: "HostNotAllowed",
    });
  });
});
