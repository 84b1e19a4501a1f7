import { hashEntries } from "./context.ts";
import type { ContextEntry } from "./context.ts";

/** What the base image is made of; two ways lead to it, and either result will do. */
export interface BaseRecipe {
  readonly kind: "base";
  readonly name: string;
  /** name and tag; the tag is a hash of all inputs */
  readonly reference: string;
  readonly suite: string;
  readonly packages: readonly string[];
}

/** An image that a Dockerfile makes, on the base image or on what it names itself. */
export interface DockerfileRecipe {
  readonly kind: "dockerfile";
  readonly name: string;
  /** name and tag; the tag is a hash of all inputs */
  readonly reference: string;
  /** handed to the Dockerfile as the build argument BASE; absent when it names its own */
  readonly base?: BaseRecipe | undefined;
  /** path of the Dockerfile among `entries` */
  readonly dockerfile: string;
  readonly entries: readonly ContextEntry[];
  readonly network: "none" | "default";
}

export type Recipe = BaseRecipe | DockerfileRecipe;

/** Where all images of the product live. */
const REPOSITORY = "bot-bottle";

/** A base recipe under the name that its inputs give it; `scripts` are the texts of what makes it. */
export function aBaseRecipe(
  inputs: Pick<BaseRecipe, "suite" | "packages">,
  scripts: readonly string[],
): BaseRecipe {
  const { suite, packages } = inputs;
  const tag = hashEntries([], [suite, ...packages, ...scripts]);
  return { kind: "base", name: "base", reference: `${REPOSITORY}/base:${tag}`, suite, packages };
}

/** A Dockerfile recipe under the name that its inputs give it. */
export function aDockerfileRecipe(inputs: Omit<DockerfileRecipe, "kind" | "reference">): DockerfileRecipe {
  const { name, base, dockerfile, entries, network } = inputs;
  const tag = hashEntries(entries, [name, base?.reference ?? "", dockerfile, network]);
  return { kind: "dockerfile", reference: `${REPOSITORY}/${name}:${tag}`, ...inputs };
}
