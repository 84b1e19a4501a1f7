import { existsSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { BUNDLES, bundleOptions } from "./bundles.ts";
import type { BundleName } from "./bundles.ts";
import { findProductRoot } from "./product-root.ts";

// `npm run build`: every program into dist/.
const productRoot = findProductRoot();
for (const name of Object.keys(BUNDLES) as BundleName[]) {
  const entry = join(productRoot, BUNDLES[name]);
  if (!existsSync(entry)) throw new Error(`${BUNDLES[name]} does not exist`);
  await build({ ...bundleOptions(productRoot, name), sourcemap: true, logLevel: "info" });
}
