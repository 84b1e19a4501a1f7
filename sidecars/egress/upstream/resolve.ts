import { lookup, Resolver } from "node:dns/promises";

/** of one question to one server */
const TIMEOUT_MS = 2_000;
const TRIES = 2;
/** what says that there is no such name, or no such address of it */
const NO_SUCH_NAME: ReadonlySet<string> = new Set(["ENOTFOUND", "ENODATA"]);

/**
 * Finds the addresses of a name, at the machine's resolver or at `servers`, each
 * `address:port`. Throws as `dns.lookup` does. An empty list is as good as a throw.
 */
export type Resolve = (host: string, servers: readonly string[]) => Promise<readonly string[]>;

/** Resolves in the real world. */
export const systemResolve: Resolve = (host, servers) =>
  servers.length === 0 ? ofTheMachine(host) : ofServers(host, servers);

async function ofTheMachine(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true, order: "verbatim" });
  return found.map(({ address }) => address);
}

/** Nobody else is asked when these do not answer: what they would have said is what the policy trusts. */
async function ofServers(host: string, servers: readonly string[]): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  resolver.setServers(servers);
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const addresses = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
  if (addresses.length > 0) return addresses;
  const isSilent = answers.some((answer) => answer.status === "rejected" && !isNoSuchName(answer.reason));
  const code = isSilent ? "ERR_RESOLVER_FAILED" : "ENOTFOUND";
  throw Object.assign(new Error("the name could not be resolved"), { code });
}

function isNoSuchName(error: unknown): boolean {
  return NO_SUCH_NAME.has((error as NodeJS.ErrnoException).code ?? "");
}
