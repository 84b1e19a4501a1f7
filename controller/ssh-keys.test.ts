import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createSshKey, fingerprintOf } from "./ssh-keys.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ssh-key-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const bodyOf = (publicKey: string): Buffer => Buffer.from(publicKey.split(" ")[1] ?? "", "base64");

function keygen(flag: string, content: string): string[] {
  const file = join(folder, "key");
  writeFileSync(file, content, { mode: 0o600 });
  return execFileSync("ssh-keygen", [flag, "-f", file], { encoding: "utf8" }).trim().split(" ");
}

it("makes a new pair each time, which OpenSSH reads as one", () => {
  const [key, other] = [createSshKey(), createSshKey()];
  expect(keygen("-y", key.privateKey).slice(0, 2).join(" ")).toBe(key.publicKey);
  expect(other.publicKey).not.toBe(key.publicKey);
});

it("keeps the zeros that a public key in 256 begins with", () => {
  let key = createSshKey();
  while (bodyOf(key.publicKey).at(-32) !== 0) key = createSshKey();
  expect(keygen("-y", key.privateKey).slice(0, 2).join(" ")).toBe(key.publicKey);
});

it("knows a key by the fingerprint that ssh-keygen shows", () => {
  const { publicKey } = createSshKey();
  expect(keygen("-l", `${publicKey}\n`)[1]).toBe(fingerprintOf(bodyOf(publicKey)));
});
