import { describe, expect, it } from "vitest";
import { compileRoutes } from "./compile-egress.ts";
import { PolicyRoute } from "./egress-policy.ts";

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
      },
    ]);
  });

  it.each([
    [{}, "authorization", "Bearer "],
    [{ scheme: "token" }, "authorization", "token "],
    [{ scheme: "Basic" }, "authorization", "Basic "],
    [{ header: "X-Api-Key" }, "x-api-key", ""],
  ] as const)("injects %o as header %s with prefix %j", (auth, header, prefix) => {
    const [route] = compileRoutes({
      routes: [{ host: "a.example", auth: { ...auth, secretRef: { name: "n", key: "k" } } }],
    });
    expect(route?.auth).toEqual({ mode: "inject", header, prefix, secret: { name: "n", key: "k" } });
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
    };
    const [route] = compileRoutes({ routes: [written] });
    expect(route).toEqual(written);
    expect(PolicyRoute.parse(route)).toEqual(route);
  });

  it("refuses to compile an injection without a secret", () => {
    expect(() => compileRoutes({ routes: [{ host: "a.example", auth: {} }] })).toThrow("names none");
  });

  it("allows nothing when nothing is written", () => {
    expect(compileRoutes({})).toEqual([]);
  });
});
