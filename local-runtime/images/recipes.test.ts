import { appendFile, chmod, cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { claude } from "../../reconcilers/providers/claude.ts";
import { NPM_PACKAGES } from "./npm-packages.ts";
import { findProductRoot } from "./product-root.ts";
import { baseRecipe, productRecipe } from "./recipes.ts";

const root = findProductRoot();
let product: string;

beforeEach(async () => {
  product = await mkdtemp(join(tmpdir(), "recipes-"));
  await cp(join(root, "local-runtime/images"), join(product, "local-runtime/images"), { recursive: true });
});
afterEach(() => rm(product, { recursive: true }));

const image = (path: string) => join(product, "local-runtime/images", path);
const referenceOf = async (name: "airlock" | "claude") =>
  (await productRecipe(name, product, "x64")).reference;

describe("productRecipe", () => {
  it("gives equal inputs the same name, wherever the product lies", async () => {
    expect(await referenceOf("claude")).toBe((await productRecipe("claude", root, "x64")).reference);
  });

  it.each([
    ["a file of the image", () => appendFile(image("airlock/nginx.conf"), "# more\n")],
    ["its Dockerfile", () => appendFile(image("airlock/Dockerfile"), "ENV A=1\n")],
    ["whether a file can be run", () => chmod(image("airlock/probe"), 0o644)],
    ["a script that makes the base", () => appendFile(image("base/install.sh"), "# more\n")],
    ["the script that installs gitleaks", () => appendFile(image("base/gitleaks.sh"), "# more\n")],
    [
      "the list of packages",
      () => writeFile(image("base/packages.json"), '{"suite":"trixie","packages":["git"]}'),
    ],
  ])("gives another name when %s changes", async (_what, change) => {
    const before = await referenceOf("airlock");
    await change();
    expect(await referenceOf("airlock")).not.toBe(before);
  });

  it("has other binaries for another architecture", async () => {
    const [x64, arm64] = await Promise.all([
      productRecipe("claude", root, "x64"),
      productRecipe("claude", root, "arm64"),
    ]);
    expect(x64.reference).not.toBe(arm64.reference);
    expect(JSON.stringify(arm64.entries)).toContain("claude-code-linux-arm64");
  });

  it("keeps the sidecars' Node from being read by whoever runs it", async () => {
    const { entries } = await productRecipe("sidecars", root, "x64");
    const node = entries.find((entry) => entry.kind === "npm");
    expect(node).toMatchObject({ to: "node/opt/bot-bottle/node", mode: 0o711 });
  });

  it("lets no step of its own reach a network", async () => {
    const recipes = await Promise.all(
      (["airlock", "sidecars", "claude"] as const).map((name) => productRecipe(name, root, "x64")),
    );
    expect(recipes.map(({ network }) => network)).toEqual(["none", "none", "none"]);
  });
});

describe("baseRecipe", () => {
  it("has one list of packages for both ways", async () => {
    const { packages, suite } = await baseRecipe(root);
    expect(suite).toBe("trixie");
    expect(packages).toEqual(expect.arrayContaining(["ca-certificates", "git", "nginx-light", "python3"]));
  });
});

describe("NPM_PACKAGES", () => {
  it("has the version of Claude Code that the provider promises", () => {
    expect(NPM_PACKAGES.claude.x64.version).toBe(claude.version);
    expect(NPM_PACKAGES.claude.arm64.version).toBe(claude.version);
  });

  it("has the Node that the product itself runs on, with the lockfile's integrity", async () => {
    const lock = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8")) as {
      packages: Record<string, { version: string; integrity: string }>;
    };
    for (const { name, version, integrity } of [NPM_PACKAGES.node.x64, NPM_PACKAGES.node.arm64]) {
      expect(lock.packages[`node_modules/${name}`]).toMatchObject({ version, integrity });
    }
  });
});
