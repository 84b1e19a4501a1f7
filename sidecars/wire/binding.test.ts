import { X509Certificate } from "node:crypto";
import { rootCertificates } from "node:tls";
import { describe, expect, it } from "vitest";
import { missingDestination } from "./binding.ts";
import { compileRoutes } from "./compile-egress.ts";
import type { PolicyRoute } from "./egress-policy.ts";

const ca = rootCertificates[0] ?? "";
const caFingerprint = new X509Certificate(ca).fingerprint256;

function aRoute(upstream?: PolicyRoute["upstream"]): PolicyRoute {
  const [route] = compileRoutes({ routes: [{ host: "api.example.com" }] });
  if (route === undefined) throw new Error("no route");
  return upstream === undefined ? route : { ...route, upstream };
}

describe("missingDestination", () => {
  it.each([
    [["api.example.com"], 443, undefined],
    [["API.example.com:443"], 443, undefined],
    [["api.example.com"], 8443, "api.example.com:8443"],
    [["api.example.com:8443"], 8443, undefined],
    [["api.example.com:8443"], 443, "api.example.com:443"],
    [["example.com"], 443, "api.example.com:443"],
    [["*.example.com"], 443, "api.example.com:443"],
    [[], 443, "api.example.com:443"],
  ])("a secret bound to %j at port %i lacks %s", (destinations, port, missing) => {
    expect(missingDestination(destinations, aRoute(), "api.example.com", port)).toBe(missing);
  });

  it("asks for the address that a route brings", () => {
    const route = aRoute({ address: "10.1.2.3", port: 8443 });
    expect(missingDestination(["api.example.com"], route, "api.example.com", 443)).toBe("10.1.2.3:8443");
    expect(
      missingDestination(["api.example.com", "10.1.2.3:8443"], route, "api.example.com", 443),
    ).toBeUndefined();
  });

  it("asks for the CA that a route brings, by fingerprint", () => {
    const route = aRoute({ address: "fd00::1", caBundle: ca });
    const named = ["api.example.com", "[fd00::1]"];
    expect(missingDestination(named, route, "api.example.com", 443)).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(
      missingDestination([...named, `sha256:${caFingerprint}`], route, "api.example.com", 443),
    ).toBeUndefined();
  });

  it("is bound to nothing when a CA hides in another kind of block", () => {
    const hidden = (rootCertificates[1] ?? "").replaceAll("CERTIFICATE", "X509 CERTIFICATE");
    const route = aRoute({ address: "fd00::1", caBundle: `${ca}\n${hidden}` });
    const owned = ["api.example.com", "[fd00::1]", `sha256:${caFingerprint}`];
    expect(missingDestination(owned, route, "api.example.com", 443)).toMatch(/^nothing/);
  });
});
