import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ContextEntry } from "./context.ts";
import { SIDECARS_BUNDLES, sidecarsProgram } from "./bundles.ts";
import { NPM_PACKAGES } from "./npm-packages.ts";
import { aBaseRecipe, aDockerfileRecipe } from "./recipe.ts";
import type { BaseRecipe, DockerfileRecipe } from "./recipe.ts";

/** An architecture that the product has binaries for. */
export type Architecture = "x64" | "arm64";

/** The images that the product builds itself, by name. */
export type ProductImage = "airlock" | "sidecars" | "claude";

/** The recipe of one of the product's images, read from its folder below `productRoot`. */
export async function productRecipe(
  name: ProductImage,
  productRoot: string,
  architecture: Architecture,
): Promise<DockerfileRecipe> {
  const folder = join(productRoot, "local-runtime/images", name);
  const entries = [
    await fileEntry(join(folder, "Dockerfile"), "Dockerfile"),
    ...(await CONTENTS[name]({ folder, productRoot, architecture })),
  ];
  const base = await baseRecipe(productRoot);
  return aDockerfileRecipe({ name, base, dockerfile: "Dockerfile", entries, network: "none" });
}

/** The recipe of the image below all others. */
export async function baseRecipe(productRoot: string): Promise<BaseRecipe> {
  const folder = join(productRoot, "local-runtime/images/base");
  const [list = "", ...scripts] = await Promise.all(
    ["packages.json", "debootstrap.sh", "install.sh", "gitleaks.sh"].map((name) =>
      readFile(join(folder, name), "utf8"),
    ),
  );
  return aBaseRecipe(JSON.parse(list) as Pick<BaseRecipe, "suite" | "packages">, scripts);
}

interface Source {
  readonly folder: string;
  readonly productRoot: string;
  readonly architecture: Architecture;
}

/** What each image's context holds beside its Dockerfile. */
const CONTENTS: Record<ProductImage, (source: Source) => Promise<readonly ContextEntry[]>> = {
  airlock: ({ folder }) => filesOf(folder, "airlock/opt/bot-bottle/airlock"),
  sidecars: async ({ folder, productRoot, architecture }) => [
    nodeBinary(architecture, "node/opt/bot-bottle/node", 0o711),
    ...(await filesOf(folder, "bundle/opt/bot-bottle")),
    ...(await Promise.all(SIDECARS_BUNDLES.map((name) => programEntry(productRoot, name)))),
  ],
  claude: ({ architecture }) =>
    Promise.resolve([
      nodeBinary(architecture, "node/usr/local/bin/node", 0o755),
      { kind: "npm", package: NPM_PACKAGES.npm, from: "package/", to: `npm${NPM_FOLDER}/` },
      { kind: "link", path: "npm/usr/local/bin/npm", target: `${NPM_FOLDER}/bin/npm-cli.js` },
      { kind: "link", path: "npm/usr/local/bin/npx", target: `${NPM_FOLDER}/bin/npx-cli.js` },
      {
        kind: "npm",
        package: NPM_PACKAGES.claude[architecture],
        from: "package/claude",
        to: "claude/usr/local/bin/claude",
        mode: 0o755,
      },
    ]),
};

const NPM_FOLDER = "/usr/local/lib/node_modules/npm";

const nodeBinary = (architecture: Architecture, to: string, mode: number): ContextEntry => ({
  kind: "npm",
  package: NPM_PACKAGES.node[architecture],
  from: "package/bin/node",
  to,
  mode,
});

async function programEntry(
  productRoot: string,
  name: (typeof SIDECARS_BUNDLES)[number],
): Promise<ContextEntry> {
  const content = await sidecarsProgram(productRoot, name);
  return { kind: "file", path: `bundle/opt/bot-bottle/${name}.cjs`, mode: 0o644, content };
}

async function filesOf(folder: string, to: string): Promise<readonly ContextEntry[]> {
  const names = (await readdir(folder)).filter((name) => name !== "Dockerfile").toSorted();
  return Promise.all(names.map((name) => fileEntry(join(folder, name), `${to}/${name}`)));
}

/** git keeps whether a file can be run, and nothing else of its mode. */
async function fileEntry(file: string, path: string): Promise<ContextEntry> {
  const [{ mode }, content] = await Promise.all([stat(file), readFile(file, "utf8")]);
  return { kind: "file", path, mode: mode & 0o100 ? 0o755 : 0o644, content };
}
