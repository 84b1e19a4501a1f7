import type { WantedImage } from "../../reconcilers/contract/image-store.ts";
import { buildImage } from "./image-builder.ts";
import type { BuilderOptions } from "./image-builder.ts";
import { FolderContexts } from "./folder-context.ts";
import { ImageBuildError } from "./image-engine.ts";
import type { Source } from "./image-store.ts";
import { NPM_PACKAGES } from "./npm-packages.ts";
import type { Recipe } from "./recipe.ts";
import { productRecipe } from "./recipes.ts";
import type { Architecture, ProductImage } from "./recipes.ts";
import { userRecipe } from "./user-dockerfile.ts";

/** Says how each image that a bottle may want comes to be. */
export function createSources(
  options: BuilderOptions,
): (image: WantedImage, signal: AbortSignal) => Promise<Source | undefined> {
  const recipeOf = createProductRecipes(options);
  const contexts = new FolderContexts();
  const built = (recipe: Recipe): Source => ({
    name: recipe.name,
    reference: recipe.reference,
    foreign: false,
    obtain: async (onLine, signal) => {
      await buildImage(recipe, options, { onLine, signal });
    },
  });

  const ofProduct = async (name: ProductImage, signal: AbortSignal): Promise<Source> =>
    built(await recipeOf(name, signal));

  return async (image, signal) => {
    switch (image.kind) {
      case "airlock":
      case "sidecars":
        return ofProduct(image.kind, signal);
      case "provider":
        return providerOf(image) === undefined ? undefined : ofProduct("claude", signal);
      case "reference":
        return pulled(image.reference, options);
      case "dockerfile": {
        const recipe = await readable(userRecipe(image.path, contexts, options.hostCaFile));
        return { ...built(recipe), name: image.path };
      }
      default:
        return image satisfies never;
    }
  };
}

/**
 * Recipes of the product's images, each read once, the engine's slow word on its architecture too: what the product is
 * made of does not change while it runs, and a pass looks at each of its images.
 */
function createProductRecipes(
  options: BuilderOptions,
): (name: ProductImage, signal: AbortSignal) => Promise<Recipe> {
  const recipes = new Map<ProductImage, Promise<Recipe>>();
  return async (name, signal) => {
    const known = recipes.get(name);
    if (known !== undefined) return known;
    const architecture = await supportedArchitecture(options, signal);
    const recipe = recipes.get(name) ?? readable(productRecipe(name, options.productRoot, architecture));
    recipes.set(name, recipe);
    recipe.catch(() => recipes.delete(name));
    return recipe;
  };
}

/** Inputs that cannot be read or compiled are a failed build: only other inputs help. */
async function readable<T>(recipe: Promise<T>): Promise<T> {
  try {
    return await recipe;
  } catch (error) {
    if (error instanceof ImageBuildError) throw error;
    throw new ImageBuildError((error as Error).message, { cause: error });
  }
}

const providerOf = ({
  provider,
  version,
}: {
  provider: string;
  version: string;
}): ProductImage | undefined =>
  provider === "claude" && version === NPM_PACKAGES.claude.x64.version ? "claude" : undefined;

async function supportedArchitecture({ engine }: BuilderOptions, signal: AbortSignal): Promise<Architecture> {
  const architecture = await engine.architecture(signal);
  if (architecture === "x64" || architecture === "arm64") return architecture;
  throw new ImageBuildError(`bot-bottle has no images for Docker on ${architecture}, only for x64 and arm64`);
}

const pulled = (reference: string, { engine }: BuilderOptions): Source => ({
  name: `pull ${reference}`,
  reference,
  foreign: true,
  obtain: (onLine, signal) => engine.pull(reference, onLine, signal),
});
