import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createSshKey } from "./ssh-keys.ts";

it("makes a new pair each time, which OpenSSH reads as one", () => {
  const [key, other] = [createSshKey(), createSshKey()];
  const folder = mkdtempSync(join(tmpdir(), "ssh-key-"));
  try {
    writeFileSync(join(folder, "key"), key.privateKey, { mode: 0o600 });
    const derived = execFileSync("ssh-keygen", ["-y", "-f", join(folder, "key")], { encoding: "utf8" });
    expect(derived.trim().split(" ").slice(0, 2).join(" ")).toBe(key.publicKey);
  } finally {
    rmSync(folder, { recursive: true });
  }
  expect(other.publicKey).not.toBe(key.publicKey);
});
