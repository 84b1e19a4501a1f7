import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { createGzip } from "node:zlib";
import { extract, pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hashEntries, packContext } from "./context.ts";
import type { ContextEntry } from "./context.ts";

const node = { name: "node", version: "24.0.0", integrity: "sha512-x" };
const noPackage = () => Promise.reject(new Error("the registry does not answer"));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "context-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Writes a package's tarball as npm makes them. */
async function aTarball(files: Readonly<Record<string, string>>): Promise<string> {
  const archive = pack();
  for (const [name, content] of Object.entries(files))
    archive.entry({ name: `package/${name}`, mode: 0o644 }, content);
  archive.finalize();
  const file = join(folder, "package.tgz");
  await writeFile(file, await buffer(archive.pipe(createGzip())));
  return file;
}

async function unpack(context: NodeJS.ReadableStream) {
  const found: Record<
    string,
    { mode: number | undefined; content: string; linkname?: string | null | undefined }
  > = {};
  const files = context.pipe(extract());
  for await (const file of files) {
    const content = (await buffer(file)).toString();
    const { name, mode, linkname } = file.header;
    found[name] = { mode, content, ...(linkname ? { linkname } : {}) };
  }
  return found;
}

describe("packContext", () => {
  it("holds files, links and the picked files of packages, with their modes", async () => {
    await writeFile(join(folder, "local"), "from disk");
    const tarball = await aTarball({ "bin/node": "binary", "README.md": "words" });
    const entries: ContextEntry[] = [
      { kind: "file", path: "Dockerfile", mode: 0o644, content: "FROM scratch" },
      { kind: "link", path: "bin/npm", target: "../npm.js" },
      { kind: "disk", path: "local", file: join(folder, "local"), size: 9, mode: 0o600, sha256: "" },
      { kind: "npm", package: node, from: "package/bin/node", to: "opt/node", mode: 0o711 },
    ];
    expect(await unpack(packContext(entries, () => Promise.resolve(tarball)))).toEqual({
      Dockerfile: { mode: 0o644, content: "FROM scratch" },
      "bin/npm": { mode: 0o644, content: "", linkname: "../npm.js" },
      local: { mode: 0o600, content: "from disk" },
      "opt/node": { mode: 0o711, content: "binary" },
    });
  });

  it("breaks off when a package cannot be had, and does not look complete", async () => {
    const context = packContext([{ kind: "npm", package: node, from: "package/", to: "npm/" }], noPackage);
    await expect(buffer(context)).rejects.toThrow("the registry does not answer");
  });
});

describe("hashEntries", () => {
  const file = (more: object): ContextEntry => ({
    kind: "file",
    path: "a",
    mode: 0o644,
    content: "x",
    ...more,
  });
  const disk = (more: object): ContextEntry => ({
    ...{ kind: "disk", path: "a", file: "/here/a", size: 1, mode: 0o644, sha256: "11" },
    ...more,
  });

  it.each([
    ["content", file({}), file({ content: "y" })],
    ["mode", file({}), file({ mode: 0o755 })],
    ["path", file({}), file({ path: "b" })],
    ["a file of this machine", disk({}), disk({ sha256: "22" })],
  ])("changes with %s", (_what, a, b) => {
    expect(hashEntries([a], [])).not.toBe(hashEntries([b], []));
  });

  it("does not depend on where the product lies", () => {
    expect(hashEntries([disk({})], [])).toBe(hashEntries([disk({ file: "/there/a" })], []));
  });
});
