import type { ClassFields, Resources } from "../class-fields.ts";
import type { GitUser } from "../git.ts";

const REMOTES = "git.remotes.";

/** The object that gave a field. */
export interface Origin {
  readonly kind: "BottleClass" | "Agent" | "Bottle";
  readonly name: string;
}

/** Who gave each field that is merged on its own: `provider`, `env.NAME`, `egress`, `git.user.email`, `git.remotes.NAME`, … */
export type Origins = Readonly<Record<string, Origin>>;

/** Some fields, and who gave each of them. */
export interface Layer {
  readonly fields: ClassFields;
  readonly origins: Origins;
  /** whether the remotes of lower layers are gone, because an empty list stands in this one or below it */
  readonly clearsRemotes: boolean;
}

/** The layer that changes nothing. */
export const NOTHING: Layer = { fields: {}, origins: {}, clearsRemotes: false };

/** Fields that all come from one object. */
export function layerOf(origin: Origin, fields: ClassFields): Layer {
  return {
    fields,
    origins: Object.fromEntries(mergedPaths(fields).map((path) => [path, origin])),
    clearsRemotes: fields.git?.remotes?.length === 0,
  };
}

/**
 * One layer over another. `env` and `git.remotes` are merged by name, and an empty list of remotes clears what is below;
 * `git.user` and `resources` are merged by field; `provider`, `egress` and `isolation` of the upper layer replace the
 * lower one's whole, because half of each is not what anybody wrote.
 *
 * Associative, and NOTHING changes nothing on either side.
 */
export function overlay(lower: Layer, upper: Layer): Layer {
  const env = mergeByName(lower.fields.env, upper.fields.env);
  const git = mergeGit(lower, upper);
  const resources = mergeFields<Resources>(lower.fields.resources, upper.fields.resources);
  return {
    fields: {
      ...lower.fields,
      ...upper.fields,
      ...(env === undefined ? {} : { env }),
      ...(git === undefined ? {} : { git }),
      ...(resources === undefined ? {} : { resources }),
    },
    origins: { ...(upper.clearsRemotes ? withoutRemotes(lower.origins) : lower.origins), ...upper.origins },
    clearsRemotes: lower.clearsRemotes || upper.clearsRemotes,
  };
}

function mergedPaths({ env, git, resources, ...whole }: ClassFields): string[] {
  return [
    ...Object.keys(whole),
    ...(env ?? []).map(({ name }) => `env.${name}`),
    ...Object.keys(git?.user ?? {}).map((name) => `git.user.${name}`),
    ...(git?.remotes ?? []).map(({ name }) => `${REMOTES}${name}`),
    ...Object.keys(resources ?? {}).map((name) => `resources.${name}`),
  ];
}

/** keeps the place of an entry that is given anew, so that a diff shows the value alone */
function mergeByName<T extends { readonly name: string }>(
  lower: readonly T[] | undefined,
  upper: readonly T[] | undefined,
): T[] | undefined {
  if (lower === undefined && upper === undefined) return undefined;
  return [...new Map([...(lower ?? []), ...(upper ?? [])].map((entry) => [entry.name, entry])).values()];
}

function mergeGit(lower: Layer, upper: Layer): ClassFields["git"] {
  const [below, above] = [lower.fields.git, upper.fields.git];
  if (below === undefined || above === undefined) return above ?? below;
  const user = mergeFields<GitUser>(below.user, above.user);
  const remotes = mergeByName(upper.clearsRemotes ? undefined : below.remotes, above.remotes);
  return { ...(user === undefined ? {} : { user }), ...(remotes === undefined ? {} : { remotes }) };
}

function withoutRemotes(origins: Origins): Origins {
  return Object.fromEntries(Object.entries(origins).filter(([path]) => !path.startsWith(REMOTES)));
}

function mergeFields<T extends object>(lower: T | undefined, upper: T | undefined): T | undefined {
  return lower === undefined ? upper : upper === undefined ? lower : { ...lower, ...upper };
}
