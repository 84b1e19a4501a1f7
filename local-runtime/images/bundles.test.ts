import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { sidecarsProgram } from "./bundles.ts";

let product: string;
beforeEach(async () => {
  product = await mkdtemp(join(tmpdir(), "bundles-"));
});
afterEach(() => rm(product, { recursive: true }));

async function write(path: string, text: string): Promise<void> {
  await mkdir(join(product, path, ".."), { recursive: true });
  await writeFile(join(product, path), text);
}

it("bundles a checkout's sources, never an older dist/", async () => {
  await write("dist/sidecars.cjs", "old");
  await write("sidecars/bundle/main.ts", 'import { word } from "./word.ts";\nconsole.log(word);\n');
  await write("sidecars/bundle/word.ts", 'export const word: string = "first";\n');
  expect(await sidecarsProgram(product, "sidecars")).toContain('"first"');
  await write("sidecars/bundle/word.ts", 'export const word: string = "second";\n');
  expect(await sidecarsProgram(product, "sidecars")).toContain('"second"');
});

it("takes dist/ where there are no sources", async () => {
  await write("dist/sidecars.cjs", "installed");
  expect(await sidecarsProgram(product, "sidecars")).toBe("installed");
});

it("fails with the compiler's words for sources that are broken", async () => {
  await write("sidecars/bundle/main.ts", "import './nowhere.ts';\n");
  await expect(sidecarsProgram(product, "sidecars")).rejects.toThrow(/Could not resolve ".\/nowhere.ts"/);
});
