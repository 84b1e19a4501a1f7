import { coversHost } from "../../../crds/host-pattern.ts";
import type { GitUser } from "../../../crds/git.ts";
import type { PolicyRoute } from "../../../sidecars/wire/egress-policy.ts";
import type { Demands } from "../secret-uses.ts";
import { spellingsOf } from "./spellings.ts";

const GATE = "http://git-gate:9420";

/** what may follow a name and make it another repository's */
const NAME_CHARACTERS = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"];

/** The part of the agent's git configuration that follows the spec: who commits, and that remotes are at the gate. */
export function agentGitConfig(
  user: GitUser | undefined,
  { remotes, routes }: Pick<Demands, "remotes"> & Pick<Demands["egress"], "routes">,
): string {
  const claims = claimsOf(remotes);
  const sections = remotes.map(({ name }) => {
    const urls = [...claims].flatMap(([url, claimant]) => (claimant === name ? [url] : []));
    return rewrite(`${GATE}/${name}.git`, urls);
  });
  return [userSection(user), ...sections, ...bystanders([...claims.keys()], routes)].join("");
}

/** Which remote each spelling leads to: what is surely one remote's is no other's, and of equals the first has it. */
function claimsOf(remotes: Demands["remotes"]): Map<string, string> {
  const all = remotes.flatMap(({ name, url }) => spellingsOf(url).map((spelling) => ({ name, ...spelling })));
  const claims = new Map<string, string>();
  for (const { url, name } of all.toSorted((one, other) => one.rank - other.rank)) {
    if (!claims.has(url)) claims.set(url, name);
  }
  return claims;
}

/**
 * git compares prefixes, and the longest wins: app's rule would take app2 along. For ssh that does no harm, as there is
 * no other way out. A host that a route leads to has other repositories that can be reached; those are spelt out as
 * themselves, by every character that their names can go on with.
 */
function bystanders(urls: readonly string[], routes: readonly PolicyRoute[]): string[] {
  const claimed = new Set(urls);
  return urls
    .filter(
      (url) => /^https?:/.test(url) && routes.some((route) => coversHost(route.host, new URL(url).hostname)),
    )
    .flatMap((url) => NAME_CHARACTERS.map((next) => url + next))
    .filter((url) => !claimed.has(url))
    .map((url) => rewrite(url, [url]));
}

const rewrite = (base: string, urls: readonly string[]): string =>
  urls.length === 0 ? "" : `[url "${base}"]\n${urls.map((url) => `\tinsteadOf = ${url}\n`).join("")}`;

function userSection(user: GitUser | undefined): string {
  if (user === undefined) return "";
  const lines = Object.entries({ name: user.name, email: user.email })
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `\t${key} = "${escaped(value ?? "")}"\n`);
  return `[user]\n${lines.join("")}`;
}

/** as git reads a quoted value: backslash and quote escaped, nothing that ends the line */
const escaped = (value: string): string =>
  value
    .replaceAll(/[\r\n\0]/g, " ")
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"');
