import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { BuildOptions } from "esbuild";

/** The programs that are bundled into one file each: name in dist/ and entry point. */
export const BUNDLES = {
  sidecars: "sidecars/bundle/main.ts",
  "git-gate": "sidecars/git-gate/main.ts",
  "git-gate-hook": "sidecars/git-gate/hooks/hook.ts",
  bb: "controller/cli/main.ts",
  controller: "controller/main.ts",
} as const;
export type BundleName = keyof typeof BUNDLES;

/** Those that run in the sidecars. */
export const SIDECARS_BUNDLES = ["sidecars", "git-gate", "git-gate-hook"] as const satisfies BundleName[];
type SidecarsBundle = (typeof SIDECARS_BUNDLES)[number];

/** CommonJS dependencies call require() for Node's own modules. */
const REQUIRE =
  'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

/**
 * How a program is bundled: for Node 24, as one ES module, or those of the sidecars as CommonJS. An ES module that imports
 * node:http makes Node load its fetch, 35 ms of a boot that every start of a bottle waits for.
 */
export function bundleOptions(productRoot: string, name: BundleName): BuildOptions {
  const isCommonJs = isOfSidecars(name);
  return {
    absWorkingDir: productRoot,
    entryPoints: [BUNDLES[name]],
    outfile: join(productRoot, "dist", `${name}.${isCommonJs ? "cjs" : "mjs"}`),
    bundle: true,
    platform: "node",
    target: "node24",
    format: isCommonJs ? "cjs" : "esm",
    // ES modules of dependencies first: what is not used of them is left out
    mainFields: ["module", "main"],
    legalComments: "none",
    // V8 keeps the source, and two bytes a character of it where a comment has one beyond Latin-1
    minifyWhitespace: isCommonJs,
    logLevel: "silent",
    // Optional parts of dockerode's ssh transport, native and not installed; esbuild is for checkouts only.
    external: ["cpu-features", "ssh2", "esbuild"],
    ...(isCommonJs ? {} : { banner: { js: REQUIRE } }),
  };
}

/**
 * A program of the sidecars as one file: bundled anew from a checkout's sources, so that it is never older than they
 * are; an installed product has neither sources nor bundler and brings it in dist/.
 */
export async function sidecarsProgram(productRoot: string, name: SidecarsBundle): Promise<string> {
  const { outfile = "", ...options } = bundleOptions(productRoot, name);
  if (!existsSync(join(productRoot, BUNDLES[name]))) return readFile(outfile, "utf8");
  // the other way of calling it leaves a helper process of 90 MB behind, for as long as the control plane runs
  const { buildSync } = await import("esbuild");
  const { outputFiles } = buildSync({ ...options, write: false });
  return outputFiles[0]?.text ?? "";
}

const isOfSidecars = (name: BundleName): boolean => SIDECARS_BUNDLES.some((bundle) => bundle === name);
