import { describe, expect, it } from "vitest";
import { compileEgress, compileRoutes } from "./compile-egress.ts";
import { EgressPolicy, PolicyRoute } from "./egress-policy.ts";

describe("compileRoutes", () => {
  it("fills in the tight defaults", () => {
    expect(compileRoutes({ routes: [{ host: "Packages.Example.com" }] })).toEqual([
      {
        name: "packages.example.com",
        host: "packages.example.com",
        ports: [443, 80],
        methods: ["GET", "HEAD"],
        paths: ["/"],
        auth: { mode: "strip" },
        scan: "full",
        allowPrivate: [],
        maxBodyBytes: 10 * 1024 * 1024,
        budget: {},
        serverTools: "deny",
        resolver: [],
      },
    ]);
  });

  it.each([
    [{}, { in: "header", name: "authorization", prefix: "Bearer ", coding: "none" }],
    [{ scheme: "token" }, { in: "header", name: "authorization", prefix: "token ", coding: "none" }],
    [{ scheme: "Basic" }, { in: "header", name: "authorization", prefix: "Basic ", coding: "base64" }],
    [{ header: "X-Api-Key" }, { in: "header", name: "x-api-key", prefix: "", coding: "none" }],
    [
      { header: "Authorization", prefix: "SSWS " },
      { in: "header", name: "authorization", prefix: "SSWS ", coding: "none" },
    ],
    [{ query: "key" }, { in: "query", name: "key" }],
    [
      { sigv4: { region: "us-east-1", service: "bedrock" } },
      { in: "signature", region: "us-east-1", service: "bedrock" },
    ],
  ] as const)("injects %o as %o", (auth, carrier) => {
    const [route] = compileRoutes({
      routes: [{ host: "a.example", auth: { ...auth, secretRef: { name: "n", key: "k" } } }],
    });
    expect(route?.auth).toEqual({
      mode: "inject",
      carrier,
      secret: { name: "n", key: "k" },
      require: "nothing",
    });
    expect(route?.ports).toEqual([443]);
  });

  it("keeps what is written", () => {
    const written = {
      name: "model",
      host: "*.example.com",
      ports: [8443],
      methods: ["*"],
      paths: ["/v1/"],
      auth: { mode: "passthrough" as const },
      scan: "inject-only" as const,
      upstream: { address: "10.1.2.3", port: 8443 },
      allowPrivate: ["10.1.2.3/32"],
      maxBodyBytes: 5,
      budget: { requestBytes: 7 },
      serverTools: "allow" as const,
    };
    const [route] = compileRoutes({ routes: [written], resolver: ["10.0.0.53"] });
    expect(route).toEqual({ ...written, resolver: ["10.0.0.53:53"] });
    expect(PolicyRoute.parse(route)).toEqual(route);
  });

  it("refuses to compile an injection without a secret", () => {
    expect(() => compileRoutes({ routes: [{ host: "a.example", auth: {} }] })).toThrow("names none");
  });

  it("allows nothing when nothing is written", () => {
    expect(compileRoutes({})).toEqual([]);
  });
});

describe("compileEgress", () => {
  it("denies what is not listed when nothing is written", () => {
    expect(compileEgress({})).toEqual({
      mode: "enforce",
      unlisted: "deny",
      canaries: "none",
      askSeconds: 300,
      rules: [],
      gitleaksRules: "",
      budget: {},
      routes: [],
      resolver: [],
    });
  });

  it("gives servers, rules and routes one form each", () => {
    const policy = compileEgress({
      resolver: ["10.0.0.53", "10.0.0.54:5353", "fd00::53", "[fd00::54]:5353"],
      rules: [{ name: "acme", pattern: "acme-[0-9]{9}", allowHosts: ["API.acme.example"] }],
      routes: [{ host: "a.example" }],
    });
    const resolver = ["10.0.0.53:53", "10.0.0.54:5353", "[fd00::53]:53", "[fd00::54]:5353"];
    expect(policy).toMatchObject({
      resolver,
      rules: [
        {
          id: "acme",
          pattern: "acme-[0-9]{9}",
          keywords: [],
          anyCase: false,
          allowHosts: ["api.acme.example"],
        },
      ],
      routes: [{ resolver }],
    });
    expect(EgressPolicy.parse(policy)).toEqual(policy);
  });
});
