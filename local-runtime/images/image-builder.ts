import { join } from "node:path";
import { makeBase } from "./base/make-base.ts";
import type { Clock } from "./clock.ts";
import { packContext } from "./context.ts";
import { exclusively } from "./exclusive.ts";
import type { ImageEngine, OnLine } from "./image-engine.ts";
import { fetchPackage } from "./npm-cache.ts";
import type { BaseRecipe, DockerfileRecipe, Recipe } from "./recipe.ts";

export interface BuilderOptions {
  readonly engine: ImageEngine;
  readonly productRoot: string;
  /** downloads and locks; shared by every control plane of a user */
  readonly cacheFolder: string;
  readonly clock: Clock;
  /** PEM file of CA certificates that this machine trusts beside the public ones */
  readonly hostCaFile?: string | undefined;
  /** Debian's image as a registry names it */
  readonly debianImage: string;
}

interface Follow {
  readonly onLine: OnLine;
  readonly signal: AbortSignal;
}

/**
 * Makes the image of a recipe, and the base below it, unless it is there, and returns its id.
 *
 * Safe to call from several processes: one builds, the others wait and find it. An image gets its name last, so a
 * build that was killed is as if it had not been. Throws ImageBuildError, RuntimeUnavailableError.
 */
export async function buildImage(recipe: Recipe, options: BuilderOptions, follow: Follow): Promise<string> {
  const { engine, cacheFolder, clock } = options;
  const { onLine, signal } = follow;
  const onWait = (): void => onLine("waiting for another bot-bottle that builds it");
  const work = async (): Promise<string> => {
    const found = await engine.find(recipe.reference, signal);
    if (found !== undefined) return found.id;
    const id = await make(recipe, options, follow);
    await engine.tag(id, recipe.reference, signal);
    return id;
  };
  return exclusively(lockOf(recipe, cacheFolder), work, { clock, signal, onWait });
}

/** One base at a time, for they share a folder to work in; of the others, one at a time for each. */
function lockOf({ kind, name, reference }: Recipe, cacheFolder: string): string {
  const file = kind === "base" ? name : reference.replaceAll(/[/:]/g, "-");
  return join(cacheFolder, "locks", `${file}.lock`);
}

function make(recipe: Recipe, options: BuilderOptions, follow: Follow): Promise<string> {
  switch (recipe.kind) {
    case "base":
      return makeTheBase(recipe, options, follow);
    case "dockerfile":
      return makeFromDockerfile(recipe, options, follow);
    default:
      return recipe satisfies never;
  }
}

function makeTheBase(recipe: BaseRecipe, options: BuilderOptions, follow: Follow): Promise<string> {
  const { engine, productRoot, debianImage, hostCaFile, cacheFolder } = options;
  const workFolder = join(cacheFolder, "work");
  return makeBase(recipe, { engine, productRoot, debianImage, hostCaFile, workFolder }, follow);
}

async function makeFromDockerfile(
  recipe: DockerfileRecipe,
  options: BuilderOptions,
  follow: Follow,
): Promise<string> {
  const { engine, cacheFolder } = options;
  const { onLine, signal } = follow;
  const base = recipe.base && (await buildImage(recipe.base, options, follow));
  const context = packContext(recipe.entries, async (wanted) => {
    onLine(`fetching ${wanted.name} ${wanted.version}`);
    return fetchPackage(wanted, join(cacheFolder, "npm"), signal);
  });
  const { dockerfile, network } = recipe;
  const buildArguments: Record<string, string> = base === undefined ? {} : { BASE: base };
  return engine.build({ context, dockerfile, buildArguments, network }, onLine, signal);
}
