import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readExamples } from "../tests/fixtures/examples.ts";
import type { Bottle } from "./bottle.ts";
import { CertificateBundle } from "./certificates.ts";

const example = readExamples("valid").find(({ name }) => name === "bottle-every-field")!.object as Bottle;
const PEM = /-----BEGIN[^]*END CERTIFICATE-----\n/.exec(
  example.spec!.egress!.routes![0]!.upstream!.caBundle!,
)![0];

const accepts = (pem: string) => CertificateBundle.safeParse(pem).success;

describe("CertificateBundle", () => {
  it("is one certificate or more, with comments and either line ending", () => {
    expect(accepts(PEM)).toBe(true);
    expect(accepts(`# Example - CA\n${PEM}\n# again\n${PEM}`)).toBe(true);
    expect(accepts(PEM.replaceAll("\n", "\r\n"))).toBe(true);
  });

  // Each of these is a certificate to Node, and none to who looks for the usual block alone.
  it.each([
    ["an older name of the block", PEM.replaceAll("CERTIFICATE", "X509 CERTIFICATE")],
    ["a name of OpenSSL's own", PEM.replaceAll("CERTIFICATE", "TRUSTED CERTIFICATE")],
  ])("refuses %s, which would hide a certificate from a comparison of fingerprints", (_what, hidden) => {
    expect(new X509Certificate(hidden).raw).toEqual(new X509Certificate(PEM).raw);
    expect(accepts(PEM + hidden)).toBe(false);
    expect(accepts(hidden + PEM)).toBe(false);
  });

  it.each([
    ["nothing", ""],
    ["a file name", "/etc/ca.pem"],
    ["a block that does not end", PEM.slice(0, -10)],
    ["a block that is no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
    [
      "a second block that is no certificate",
      `${PEM}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    ],
    [
      "a key beside it",
      `${PEM}-----BEGIN EC PRIVATE${" KEY"}-----\nAAAA\n-----END EC PRIVATE${" KEY"}-----\n`,
    ],
  ])("refuses %s", (_what, pem) => {
    expect(accepts(pem)).toBe(false);
  });

  it("answers within a moment on text that a pattern could choke on", () => {
    const start = performance.now();
    expect(accepts("- ".repeat(16_000))).toBe(false);
    expect(accepts(`${"-----BEGIN CERTIFICATE-----A".repeat(1000)}`)).toBe(false);
    expect(performance.now() - start).toBeLessThan(500);
  });
});
