import type { Bottle } from "../../crds/bottle.ts";
import type { EgressRoute } from "../../crds/egress-route.ts";

/** A file that a provider wants in a new home, owned by the agent's user. */
export interface ProviderFile {
  /** below the home, such as `.claude.json` */
  readonly path: string;
  readonly content: string;
  readonly mode: number;
}

/** What a provider's files and environment are made from. */
export interface ProviderFacts {
  readonly display: NonNullable<NonNullable<Bottle["spec"]>["display"]>;
  readonly model: string | undefined;
}

/** The provider's command line; each part is appended to `base` when it is used. */
export interface ProviderArgv {
  readonly base: readonly string[];
  /** goes on with the newest session */
  readonly resume: readonly string[];
  /** goes on with one session; its id follows */
  readonly resumeSession: readonly string[];
  /** one task without a terminal; the task follows `run` */
  readonly run: readonly string[];
  /** after the task: the answer as JSON */
  readonly json: readonly string[];
}

/** A command that proves something of the agent's sandbox after its start. */
export interface ProviderCheck {
  readonly name: string;
  readonly argv: readonly string[];
  /** text that its output must have */
  readonly outputIncludes: string;
}

/** Who works in a bottle. Data and pure functions: another provider is another object of this shape. */
export interface Provider {
  readonly name: string;
  /** fixed version of the CLI in the image that the product builds; absent: the Bottle names an image */
  readonly version?: string | undefined;
  readonly argv: ProviderArgv;
  readonly environment: (facts: ProviderFacts) => Readonly<Record<string, string>>;
  readonly homeFiles: (facts: ProviderFacts) => readonly ProviderFile[];
  /** hosts that it works with; the credential comes from `provider.credentialRef` */
  readonly routes: readonly EgressRoute[];
  /** how its credential is injected on these routes */
  readonly credentialScheme?: "Bearer" | "token" | "Basic" | undefined;
  readonly checks: readonly ProviderCheck[];
}
