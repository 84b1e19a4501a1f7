import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fetchPackage } from "../../local-runtime/images/npm-cache.ts";
import { findProductRoot } from "../../local-runtime/images/index.ts";

const signal = AbortSignal.timeout(50_000);
const small = {
  name: "isexe",
  version: "3.1.1",
  integrity:
    "sha512-LpB/54B+/2J5hqQ7imZHfdU31OlgQqx7ZicVlkm9kzg9/w8GKLEcFfJl/t7DCEDueOyBAD6zCCwTO6Fzs0NoEQ==",
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "npm-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("fetchPackage", () => {
  it("fetches a package once", async () => {
    const file = await fetchPackage(small, folder, signal);
    const { mtimeMs } = await stat(file);
    expect(await fetchPackage(small, folder, signal)).toBe(file);
    expect((await stat(file)).mtimeMs).toBe(mtimeMs);
    expect(await readdir(folder)).toEqual(["isexe-3.1.1.tgz"]);
  });

  it("refuses a package that is not the one the product was made with, and keeps nothing of it", async () => {
    const other = { ...small, integrity: "sha512-AAAA" };
    await expect(fetchPackage(other, folder, signal)).rejects.toThrow("isexe 3.1.1 is not the one");
    expect(await readdir(folder)).toEqual([]);
  });

  it("says what npm says when there is no such package", async () => {
    const none = { ...small, version: "99.99.99" };
    await expect(fetchPackage(none, folder, signal)).rejects.toThrow(
      /npm could not fetch isexe@99.99.99:[^]*99.99.99/,
    );
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("npm run build", () => {
  it("makes programs that run", async () => {
    const run = promisify(execFile);
    const root = findProductRoot();
    await run(process.execPath, ["local-runtime/images/build-bundles.ts"], { cwd: root });
    const { stdout } = await run(process.execPath, [join(root, "dist/bb.mjs"), "--help"], { cwd: folder });
    expect(stdout).toContain("Usage: bb");
  });
});
