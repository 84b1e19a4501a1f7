import * as z from "zod";
import { Resolver } from "./address.ts";
import { EgressBudget } from "./egress-budget.ts";
import { EgressRoute } from "./egress-route.ts";
import { EgressRules } from "./egress-rule.ts";
import { repeats, setOf } from "./lists.ts";
import { type Rule, withRules } from "./rules.ts";
import { lines } from "./text.ts";

const effectiveName = (route: EgressRoute): string => route.name ?? route.host;

/** Index of the last route that is named explicitly and shares its name with another one. */
function ambiguousRoute(routes: readonly EgressRoute[]): number {
  const named = routes.flatMap((route, index) => (route.name === undefined ? [] : [index]));
  const repeated = new Set(repeats(routes.map(effectiveName)).map((index) => effectiveName(routes[index]!)));
  return named.findLast((index) => repeated.has(effectiveName(routes[index]!))) ?? -1;
}

/** Index of a route that gives a variable the placeholder of another secret than a route before it does. */
function contradictingRoute(routes: readonly EgressRoute[]): number {
  const secrets = new Map<string, string>();
  return routes.findIndex(({ auth }) => {
    if (auth?.env === undefined || auth.secretRef === undefined) return false;
    const secret = `${auth.secretRef.name}/${auth.secretRef.key}`;
    const isOther = (secrets.get(auth.env) ?? secret) !== secret;
    secrets.set(auth.env, secret);
    return isOther;
  });
}

const Routes = withRules(z.array(EgressRoute).max(256), [
  {
    holds: (self) => ambiguousRoute(self) === -1,
    cel: "self.all(r, !has(r.name) || self.exists_one(o, (has(o.name) ? o.name : o.host) == r.name))",
    message: "is the name of another route, or the host of one without a name: rename it",
    where: (self) => [ambiguousRoute(self), "name"],
  },
  {
    holds: (self) => contradictingRoute(self) === -1,
    cel:
      "self.all(r, !has(r.auth) || !has(r.auth.env) || " +
      "self.all(o, !has(o.auth) || !has(o.auth.env) || o.auth.env != r.auth.env || o.auth.secretRef == r.auth.secretRef))",
    message:
      "is the variable of another route's secret too, and can hold one placeholder: name another variable",
    where: (self) => [contradictingRoute(self), "auth", "env"],
  },
]);

const Fields = z.strictObject({
  mode: z
    .enum(["enforce", "audit"])
    .optional()
    .describe(
      "enforce (default): what no route allows is denied; audit: it passes, scanned and without a credential, and is recorded; audit is for a BottleClass alone",
    ),
  unlisted: z
    .enum(["deny", "ask"])
    .optional()
    .describe(
      "deny (default): what no route allows is denied at once; ask: it waits for an answer on the sidecars' control channel, for which there is no command yet, and is denied without one",
    ),
  askSeconds: z
    .int()
    .min(1)
    .max(3600)
    .optional()
    .describe("how long a request waits for an answer with `unlisted: ask`; default 300"),
  resolver: setOf(Resolver, 4)
    .min(1)
    .optional()
    .describe(
      "DNS servers that hosts are looked up at, as address or address:port, IPv6 in brackets before a port; default: those of the machine",
    ),
  canaries: z
    .enum(["none", "planted"])
    .optional()
    .describe(
      "none (default); planted: ~/.credentials.bak of the agent holds values that look like credentials and open nothing; a request that carries one is refused, to a model too, and the Event CanarySent tells of it",
    ),
  rules: EgressRules.optional().describe("what must not leave, beside what the built-in rules find"),
  gitleaksRules: lines(262_144)
    .min(1)
    .optional()
    .describe("rules of gitleaks (the text of its TOML file), which are looked for as well"),
  budget: EgressBudget.optional().describe("how much may go out of the bottle, on all routes together"),
  routes: Routes.optional().describe("what may be reached; nothing else is"),
});
type Fields = z.infer<typeof Fields>;

const RULES: readonly Rule<Fields>[] = [
  {
    holds: (self) => self.askSeconds === undefined || self.unlisted === "ask",
    cel: "!has(self.askSeconds) || (has(self.unlisted) && self.unlisted == 'ask')",
    message: "has no effect without `unlisted: ask`: add that, or leave this out",
    at: ["askSeconds"],
  },
  {
    holds: (self) => self.mode !== "audit" || self.unlisted !== "ask",
    cel: "!has(self.mode) || self.mode != 'audit' || !has(self.unlisted) || self.unlisted != 'ask'",
    message: "is ask, but `mode: audit` lets through what would be asked about: remove one of the two",
    at: ["unlisted"],
  },
];

export const Egress = withRules(Fields, RULES);
export type Egress = z.infer<typeof Egress>;
