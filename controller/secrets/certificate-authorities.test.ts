import { X509Certificate } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CertificateAuthorityUnreadableError } from "../../reconcilers/contract/certificate-authorities.ts";
import { createCertificateAuthorities } from "./certificate-authorities.ts";

const UID = "0b9f1f0e-6a5e-4f2e-9a57-0d2b8a7d0001";
const DAY = 24 * 60 * 60_000;
let folder: string;
let now: Date;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "ca-")), "ca");
  now = new Date("2026-06-01T00:00:00Z");
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true }));

const authorities = () =>
  createCertificateAuthorities({ directory: folder, clock: { now: () => now, after: () => () => {} } });

describe("createCertificateAuthorities", () => {
  it("makes one CA a bottle, once, 0600, valid for 90 days", async () => {
    const made = await authorities().of(UID, { renewIfOld: false });
    expect(await authorities().of(UID, { renewIfOld: true })).toEqual(made);
    expect(await authorities().of("other", { renewIfOld: false })).not.toEqual(made);
    expect(statSync(join(folder, UID)).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual([UID, "other"]);
    const certificate = new X509Certificate(made.certificatePem);
    expect(certificate.ca).toBe(true);
    expect(certificate.validToDate.getTime() - now.getTime()).toBe(90 * DAY);
    expect(made.fingerprint).toBe(certificate.fingerprint256.replaceAll(":", "").toLowerCase());
  });

  it("gives one CA to calls that race", async () => {
    const one = authorities();
    const many = await Promise.all([1, 2, 3].map(() => one.of(UID, { renewIfOld: false })));
    expect(new Set(many.map(({ fingerprint }) => fingerprint)).size).toBe(1);
  });

  it("renews one that is near its end only when it may", async () => {
    const old = await authorities().of(UID, { renewIfOld: false });
    now = new Date(now.getTime() + 59 * DAY);
    expect(await authorities().of(UID, { renewIfOld: true })).toEqual(old);
    now = new Date(now.getTime() + 2 * DAY);
    expect(await authorities().of(UID, { renewIfOld: false })).toEqual(old);
    const renewed = await authorities().of(UID, { renewIfOld: true });
    expect(renewed.fingerprint).not.toBe(old.fingerprint);
    expect(await authorities().of(UID, { renewIfOld: false })).toEqual(renewed);
    expect(readdirSync(folder)).toEqual([UID]);
  });

  it.each(["", "garbage", "half"])("never remakes one that cannot be read (%s)", async (damage) => {
    await authorities().of(UID, { renewIfOld: false });
    const file = join(folder, UID);
    const left = damage === "half" ? readFileSync(file, "utf8").slice(0, 700) : damage;
    writeFileSync(file, left);
    for (const renewIfOld of [true, false]) {
      const attempt = authorities().of(UID, { renewIfOld });
      await expect(attempt).rejects.toThrow(CertificateAuthorityUnreadableError);
      await expect(attempt).rejects.toThrow("is not replaced");
    }
    expect(readFileSync(file, "utf8")).toBe(left);
  });

  it("does not use a key that others may read", async () => {
    await authorities().of(UID, { renewIfOld: false });
    chmodSync(join(folder, UID), 0o640);
    await expect(authorities().of(UID, { renewIfOld: false })).rejects.toThrow("others may read it");
  });

  it("removes a bottle's CA, and a half-made one of a crash, however often it is asked to", async () => {
    await authorities().of(UID, { renewIfOld: false });
    writeFileSync(join(folder, `${UID}.draft`), "", { mode: 0o600 });
    await authorities().remove(UID);
    await authorities().remove(UID);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("takes no uid that leads out of its folder", async () => {
    await expect(authorities().of("../x", { renewIfOld: false })).rejects.toThrow(
      "letters, digits and dashes",
    );
    await expect(authorities().remove("../x")).rejects.toThrow("letters, digits and dashes");
  });
});
