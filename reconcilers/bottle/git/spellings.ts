import { type GitAddress, parseGitUrl } from "../../../crds/git-url.ts";

/** One way to write where a repository is. */
export interface Spelling {
  readonly url: string;
  /** 0: the declared URL; 1: the same server and path for sure; 2: what forges take for the same */
  readonly rank: 0 | 1 | 2;
}

const SSH_SCHEMES = ["ssh", "git+ssh", "ssh+git"];
/** what an ssh server calls the account of a forge */
const FORGE_USER = "git";

/**
 * Every way to write the repository at a URL, each with and without `.git`. Whoever compares prefixes need not be told
 * of slashes at the end.
 */
export function spellingsOf(url: string): Spelling[] {
  const address = parseGitUrl(url);
  if (address === undefined) return [];
  const written = url.replace(/\/$/, "");
  const variants = [{ url: withoutSuffix(url), rank: 1 } as const, ...others(address)].flatMap(
    ({ url: each, rank }): Spelling[] => [
      { url: `${each}.git`, rank },
      { url: each, rank },
    ],
  );
  return [{ url: written, rank: 0 }, ...variants.filter((variant) => variant.url !== written)];
}

function others(address: GitAddress): Spelling[] {
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  const paths = pathsOf(address);
  const isSsh = address.transport === "ssh";
  const users = [`${address.user ?? FORGE_USER}@`, ""];
  const sshPorts = isSsh ? portsOf(address.port, 22) : [{ port: "", rank: 2 } as const];
  const ssh = SSH_SCHEMES.flatMap((scheme) =>
    sshPorts.flatMap(({ port, rank }) =>
      users.flatMap((user) =>
        paths.url.map((path) => ({
          url: `${scheme}://${user}${host}${port}/${path.text}`,
          rank: worse(rank, path.rank),
        })),
      ),
    ),
  );
  const scpRank = isSsh && address.port === 22 ? 1 : 2;
  const scp = users.flatMap((user) =>
    paths.scp.map(({ text, rank }) => ({ url: `${user}${host}:${text}`, rank: worse(scpRank, rank) })),
  );
  return [...ssh, ...scp, ...webOf(address, host, paths.name)];
}

/** https, and what people write for it */
function webOf({ transport, port }: GitAddress, host: string, name: string): Spelling[] {
  const ports = transport === "https" ? portsOf(port, 443) : [{ port: "", rank: 2 } as const];
  return [
    ...ports.map(({ port: text, rank }) => ({ url: `https://${host}${text}/${name}`, rank })),
    { url: `http://${host}/${name}`, rank: 2 },
    { url: `git://${host}/${name}`, rank: 2 },
  ];
}

interface Path {
  readonly text: string;
  readonly rank: 1 | 2;
}

/** A path below the home is not what the same path from the root is, but for forges, which know no homes. */
function pathsOf({ path }: GitAddress): {
  readonly url: Path[];
  readonly scp: Path[];
  readonly name: string;
} {
  const sure = (text: string): Path => ({ text, rank: 1 });
  const likely = (text: string): Path => ({ text, rank: 2 });
  const clean = withoutSuffix(path);
  if (clean.startsWith("/")) {
    const name = clean.slice(1);
    return { url: [sure(name)], scp: [sure(clean), likely(name)], name };
  }
  if (/^~[^/]/.test(clean))
    return { url: [sure(clean)], scp: [sure(clean), likely(`/${clean}`)], name: clean };
  const name = clean.replace(/^~\//, "");
  return {
    url: [sure(`~/${name}`), likely(name)],
    scp: [sure(name), sure(`~/${name}`), likely(`/${name}`)],
    name,
  };
}

/** with and without the port: without it another server may be meant when the port is not the usual one */
const portsOf = (port: number, usual: number): { readonly port: string; readonly rank: 1 | 2 }[] => [
  { port: `:${port}`, rank: 1 },
  { port: "", rank: port === usual ? 1 : 2 },
];

const worse = (one: 1 | 2, other: 1 | 2): 1 | 2 => (one === 2 ? 2 : other);

const withoutSuffix = (text: string): string => text.replace(/\/$/, "").replace(/(?<=[^/~])\.git$/, "");
