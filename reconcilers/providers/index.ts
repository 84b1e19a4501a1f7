import { claude } from "./claude.ts";
import { none } from "./none.ts";
import type { Provider } from "./provider.ts";

export { attachArgv, runArgv } from "./argv.ts";
export type { Provider, ProviderCheck } from "./provider.ts";

/** Every provider, in the order in which they are listed. */
export const PROVIDERS: readonly Provider[] = [claude, none];

/** What a bottle without a provider gets. */
export const DEFAULT_PROVIDER = none;

/** undefined when there is none of that name */
export const providerNamed = (name: string): Provider | undefined =>
  PROVIDERS.find((provider) => provider.name === name);
