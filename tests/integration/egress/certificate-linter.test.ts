import { describe, expect, it } from "vitest";
import { createCertificateAuthority } from "../../../sidecars/egress/certificates/authority.ts";
import { createServerCertificate } from "../../../sidecars/egress/certificates/server-certificate.ts";
import { lint, whyNoLinter } from "./certificate-linter/linter.ts";
import { openTls } from "./client.ts";
import { startWorld } from "./kit.ts";

const missing = whyNoLinter();
if (missing !== undefined) console.log(`SKIPPED certificates judged by zlint: ${missing}`);

describe.skipIf(missing !== undefined)("zlint", () => {
  const authority = createCertificateAuthority({
    commonName: "bot-bottle 6b8ee90a-2c5f-4a9e-9d3e-1f0f6f3c2b11",
    now: new Date(),
    days: 90,
  });

  it("finds nothing wrong with a bottle's CA", () => {
    const { passed, broken } = lint(authority.certificatePem);
    expect(broken).toEqual([]);
    expect(passed).toBeGreaterThan(20);
  });

  it.each(["api.example.com", "10.1.2.3", "2001:db8::1", "xn--bcher-kva.example"])(
    "finds nothing wrong with a server's certificate for %s",
    (host) => {
      const { passed, broken } = lint(createServerCertificate(authority, [host]).certificatePem);
      expect(broken).toEqual([]);
      expect(passed).toBeGreaterThan(20);
    },
  );

  it("finds nothing wrong with the leaf that an agent is shown", async () => {
    const world = await startWorld({ egress: { routes: [{ host: "api.example.com" }] } });
    try {
      const socket = await openTls(world, "api.example.com:443");
      const der = socket.getPeerCertificate().raw.toString("base64");
      socket.destroy();
      expect(lint(`-----BEGIN CERTIFICATE-----\n${der}\n-----END CERTIFICATE-----\n`).broken).toEqual([]);
    } finally {
      await world.close();
    }
  });

  it("would have told of a name with an underscore", () => {
    const { broken } = lint(createServerCertificate(authority, ["_name.example.com"]).certificatePem);
    expect(broken).toEqual(["warn: w_rfc_dnsname_underscore_in_trd"]);
  });
});
