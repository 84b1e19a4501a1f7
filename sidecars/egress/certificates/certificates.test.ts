import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, isIP } from "node:net";
import { connect, rootCertificates, type SecureContext, TLSSocket } from "node:tls";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import { assertAuthority, createCertificateAuthority, fingerprintOf } from "./authority.ts";
import { LeafCertificates } from "./leaves.ts";
import { createServerCertificate } from "./server-certificate.ts";

const now = new Date();
const DAY_MS = 24 * 60 * 60 * 1000;
const anAuthority = () => createCertificateAuthority({ commonName: "bot-bottle test", now, days: 90 });

/** What a client that trusts `ca` sees of the leaf for `host`. */
async function handshake(context: SecureContext, ca: string, host: string): Promise<X509Certificate> {
  const server = createServer((socket) =>
    new TLSSocket(socket, { isServer: true, secureContext: context }).resume(),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const name = isIP(host) === 0 ? { servername: host } : { checkServerIdentity: () => undefined };
  const socket = connect({ port, host: "127.0.0.1", ca, ...name });
  try {
    await once(socket, "secureConnect");
    return new X509Certificate(socket.getPeerCertificate(true).raw);
  } finally {
    socket.destroy();
    server.close();
  }
}

describe("createCertificateAuthority", () => {
  it("makes a P-256 CA that may sign leaves only and ends when asked", () => {
    const authority = anAuthority();
    const certificate = new X509Certificate(authority.certificatePem);
    expect(certificate.ca).toBe(true);
    expect(certificate.subject).toBe("CN=bot-bottle test");
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
    const days = (certificate.validToDate.getTime() - now.getTime()) / 86_400_000;
    expect(days).toBeCloseTo(90, 1);
    expect(authority.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(fingerprintOf(authority.certificatePem)).toBe(authority.fingerprint);
  });

  it("never makes the same one twice", () => {
    const [a, b] = [anAuthority(), anAuthority()];
    expect(a.fingerprint).not.toBe(b.fingerprint);
    expect(new X509Certificate(a.certificatePem).serialNumber).not.toBe(
      new X509Certificate(b.certificatePem).serialNumber,
    );
  });
});

describe("assertAuthority", () => {
  it("refuses a key of another certificate", () => {
    const pem = { ...anAuthority(), privateKeyPem: anAuthority().privateKeyPem };
    expect(() => assertAuthority(pem)).toThrow("own private key");
  });

  it("refuses a certificate that is no CA's", () => {
    const authority = anAuthority();
    const leafOfSomebody = rootCertificates[0] ?? "";
    expect(() => assertAuthority({ ...authority, certificatePem: leafOfSomebody })).toThrow(
      "own private key",
    );
  });

  it("never quotes what it was given", () => {
    const pem = { certificatePem: "SECRET-ONE", privateKeyPem: "SECRET-TWO" };
    expect(() => assertAuthority(pem)).toThrow(/^(?!.*SECRET).*$/);
  });
});

describe("createServerCertificate", () => {
  it("names every host, addresses of both kinds too, and comes with its own key", () => {
    const authority = anAuthority();
    const made = createServerCertificate(authority, ["127.0.0.1", "::1", "localhost"]);
    const certificate = new X509Certificate(made.certificatePem);
    expect(certificate.subjectAltName).toBe(
      "IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:localhost",
    );
    expect(certificate.checkPrivateKey(createPrivateKey(made.privateKeyPem))).toBe(true);
    expect(certificate.checkIssued(new X509Certificate(authority.certificatePem))).toBe(true);
  });

  it("signs with no key but the CA's own", () => {
    const pem = { ...anAuthority(), privateKeyPem: anAuthority().privateKeyPem };
    expect(() => createServerCertificate(pem, ["localhost"])).toThrow("own private key");
  });
});

describe("LeafCertificates", () => {
  const authority = anAuthority();
  const leaves = new LeafCertificates(authority);

  it("signs a leaf that a client of the CA accepts, with one name, for serverAuth only", async () => {
    const leaf = await handshake(
      leaves.contextFor("api.example.com"),
      authority.certificatePem,
      "api.example.com",
    );
    expect(leaf.subject).toBeFalsy();
    expect(leaf.subjectAltName).toBe("DNS:api.example.com");
    expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    expect(leaf.ca).toBe(false);
    expect(leaf.checkIssued(new X509Certificate(authority.certificatePem))).toBe(true);
  });

  it("names an IP address as an address", async () => {
    const leaf = await handshake(leaves.contextFor("10.1.2.3"), authority.certificatePem, "10.1.2.3");
    expect(leaf.subjectAltName).toBe("IP Address:10.1.2.3");
  });

  it("is valid for a day at most, and made again before it expires", async () => {
    const begin = now.getTime() - DAY_MS * 0.8;
    let at = new Date(begin);
    const clock = { ...systemClock, now: () => at };
    const timed = new LeafCertificates(authority, { clock });
    const first = timed.contextFor("api.example.com");
    const seen = await handshake(first, authority.certificatePem, "api.example.com");
    expect(seen.validToDate.getTime() - begin).toBeLessThanOrEqual(DAY_MS);
    at = new Date(begin + DAY_MS * 0.7);
    expect(timed.contextFor("api.example.com")).toBe(first);
    at = now;
    const second = timed.contextFor("api.example.com");
    expect(second).not.toBe(first);
    const renewed = await handshake(second, authority.certificatePem, "api.example.com");
    expect(renewed.validToDate.getTime()).toBeGreaterThan(seen.validToDate.getTime());
    expect(renewed.serialNumber).not.toBe(seen.serialNumber);
  });

  it("is never valid for longer than its CA", async () => {
    const short = createCertificateAuthority({ commonName: "ends soon", now, days: 0.5 });
    const leaf = await handshake(
      new LeafCertificates(short).contextFor("a.example"),
      short.certificatePem,
      "a.example",
    );
    const authorityEnds = new X509Certificate(short.certificatePem).validToDate;
    expect(leaf.validToDate).toEqual(authorityEnds);
  });

  it("mints a host once and forgets the one used longest ago", () => {
    const bounded = new LeafCertificates(authority, { mostCached: 4 });
    const first = bounded.contextFor("first.example.com");
    expect(bounded.contextFor("first.example.com")).toBe(first);
    for (let n = 0; n < 4; n += 1) bounded.contextFor(`host-${n}.example.com`);
    expect(bounded.contextFor("first.example.com")).not.toBe(first);
  });
});
