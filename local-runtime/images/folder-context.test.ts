import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FolderContexts } from "./folder-context.ts";
import { ImageBuildError } from "./image-engine.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "folder-context-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

const read = async (contexts = new FolderContexts()) => contexts.read(folder, "Dockerfile");
const paths = async () => (await read()).map((entry) => ("path" in entry ? entry.path : ""));

describe("FolderContexts", () => {
  it("reads everything in a fixed order", async () => {
    await write({ Dockerfile: "FROM x", "src/b": "", "src/a": "", c: "" });
    expect(await paths()).toEqual(["Dockerfile", "c", "src/a", "src/b"]);
  });

  it("leaves out what .dockerignore names, but never the Dockerfile", async () => {
    await write({
      ".dockerignore": "node_modules\nDockerfile\n*.log\n",
      Dockerfile: "",
      "node_modules/x/y": "",
      "a.log": "",
      a: "",
    });
    expect(await paths()).toEqual([".dockerignore", "Dockerfile", "a"]);
  });

  it("keeps an exception below a folder that is left out", async () => {
    await write({ ".dockerignore": "docs\n!docs/keep\n", Dockerfile: "", "docs/keep": "", "docs/drop": "" });
    expect(await paths()).toEqual([".dockerignore", "Dockerfile", "docs/keep"]);
  });

  it("takes a link as a link and follows none", async () => {
    await write({ Dockerfile: "" });
    await symlink("/etc", join(folder, "elsewhere"));
    expect(await read()).toContainEqual({ kind: "link", path: "elsewhere", target: "/etc" });
    expect(await paths()).toEqual(["Dockerfile", "elsewhere"]);
  });

  it("leaves out a pipe instead of waiting for it", async () => {
    await write({ Dockerfile: "" });
    execFileSync("mkfifo", [join(folder, "pipe")]);
    expect(await paths()).toEqual(["Dockerfile"]);
  });

  it.each([
    { entries: 2, bytes: 1000 },
    { entries: 100, bytes: 10 },
  ])("refuses more than %o", async (limits) => {
    await write({ Dockerfile: "FROM x", a: "aaaaaa", b: "bbbbbb" });
    await expect(read(new FolderContexts(limits))).rejects.toThrow(ImageBuildError);
  });

  it("sees a change of a file, also one of equal size", async () => {
    await write({ Dockerfile: "FROM a" });
    const contexts = new FolderContexts();
    const before = await read(contexts);
    await write({ Dockerfile: "FROM b" });
    await utimes(join(folder, "Dockerfile"), 1, 1);
    expect(await read(contexts)).not.toEqual(before);
  });
});
