import type { ClassFields, EnvironmentVariable, Resources } from "../class-fields.ts";
import type { GitUser } from "../git.ts";

/** The object that gave a field. */
export interface Origin {
  readonly kind: "BottleClass" | "Agent" | "Bottle";
  readonly name: string;
}

/** Who gave each field that is merged on its own: `provider`, `env.NAME`, `egress`, `git.user.email`, `resources.cpus`, … */
export type Origins = Readonly<Record<string, Origin>>;

/** Some fields, and who gave each of them. */
export interface Layer {
  readonly fields: ClassFields;
  readonly origins: Origins;
}

/** The layer that changes nothing. */
export const NOTHING: Layer = { fields: {}, origins: {} };

/** Fields that all come from one object. */
export function layerOf(origin: Origin, fields: ClassFields): Layer {
  return {
    fields,
    origins: Object.fromEntries(mergedPaths(fields).map((path) => [path, origin])),
  };
}

/**
 * One layer over another. `env` is merged by name, `git.user` and `resources` by field; `provider`, `egress` and
 * `isolation` of the upper layer replace the lower one's whole, because half of each is not what anybody wrote.
 *
 * Associative, and NOTHING changes nothing on either side.
 */
export function overlay(lower: Layer, upper: Layer): Layer {
  const env = mergeEnv(lower.fields.env, upper.fields.env);
  const git = mergeGit(lower.fields.git, upper.fields.git);
  const resources = mergeFields<Resources>(lower.fields.resources, upper.fields.resources);
  return {
    fields: {
      ...lower.fields,
      ...upper.fields,
      ...(env === undefined ? {} : { env }),
      ...(git === undefined ? {} : { git }),
      ...(resources === undefined ? {} : { resources }),
    },
    origins: { ...lower.origins, ...upper.origins },
  };
}

function mergedPaths({ env, git, resources, ...whole }: ClassFields): string[] {
  return [
    ...Object.keys(whole),
    ...(env ?? []).map(({ name }) => `env.${name}`),
    ...Object.keys(git?.user ?? {}).map((name) => `git.user.${name}`),
    ...Object.keys(resources ?? {}).map((name) => `resources.${name}`),
  ];
}

/** keeps the place of a variable that is given anew, so that a diff shows the value alone */
function mergeEnv(
  lower: readonly EnvironmentVariable[] | undefined,
  upper: readonly EnvironmentVariable[] | undefined,
): EnvironmentVariable[] | undefined {
  if (lower === undefined && upper === undefined) return undefined;
  return [
    ...new Map([...(lower ?? []), ...(upper ?? [])].map((variable) => [variable.name, variable])).values(),
  ];
}

function mergeGit(lower: ClassFields["git"], upper: ClassFields["git"]): ClassFields["git"] {
  const user = mergeFields<GitUser>(lower?.user, upper?.user);
  return user === undefined ? (upper ?? lower) : { user };
}

function mergeFields<T extends object>(lower: T | undefined, upper: T | undefined): T | undefined {
  return lower === undefined ? upper : upper === undefined ? lower : { ...lower, ...upper };
}
