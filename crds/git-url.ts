import * as z from "zod";
import { type Rule, withOrderedRules } from "./rules.ts";

// One source for the schema, the CRD and whoever takes a URL apart: the patterns are in what RE2 and JavaScript share.
const LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?";
const NAME = `${LABEL}(?:[.]${LABEL})*`;
const HOST = `${NAME}|\\[[0-9a-fA-F:.]+\\]`;
const USER = "[A-Za-z0-9_][A-Za-z0-9_.-]*";
const PORT = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]";
// Nothing that a shell, a config file, a forge or a URL reads in a way of its own. No dash in front: ssh and git would
// take it for an option.
const PATH = "[A-Za-z0-9._~+@=,][A-Za-z0-9._~+@=,-]*(?:/[A-Za-z0-9._~+@=,-]+)*/?";
const SSH = `ssh://(?:(${USER})@)?(${HOST})(?::(${PORT}))?(/${PATH})`;
const HTTPS = `https://(${HOST})(?::(${PORT}))?(/${PATH})`;
const SCP = `(?:(${USER})@)?(${NAME}):(/?${PATH})`;

const FORMS = "ssh://[USER@]HOST[:PORT]/PATH, [USER@]HOST:PATH or https://HOST[:PORT]/PATH";

const RULES: readonly Rule<string>[] = [
  {
    holds: (self) => /^[!-~]*$/.test(self),
    cel: "self.matches('^[!-~]*$')",
    message: "has a space, a control character or a letter beyond ASCII: remove it",
  },
  {
    holds: (self) => !/^[A-Za-z+]*:\/\/[^/]*:[^/]*@/.test(self) && !/^https:\/\/[^/]*@/.test(self),
    cel: "!self.matches('^[A-Za-z+]*://[^/]*:[^/]*@') && !self.matches('^https://[^/]*@')",
    message:
      "has a user or a password in it: leave it out, make a new password if it was one, and put it in a Secret that `identity` names",
  },
  {
    holds: (self) => !/[?#]/.test(self),
    cel: "!self.matches('[?#]')",
    message: "has a query or a fragment: leave it out",
  },
  {
    holds: (self) => !/[/:~]\.{1,2}(\/|$)/.test(self),
    cel: String.raw`!self.matches(r'[/:~]\.{1,2}(/|$)')`,
    message: "has a . or .. in its path: write the path that is meant",
  },
  {
    holds: (self) => new RegExp(`^(?:${SSH}|${HTTPS}|${SCP})$`).test(self),
    cel: `self.matches(r'^(?:${SSH}|${HTTPS}|${SCP})$')`,
    message: `must be ${FORMS}; a path has letters, digits and ._~+@=,-/ and does not start with a dash`,
  },
];

/** URL of a repository that git reaches over ssh or https, without a secret in it. */
export const GitUrl = withOrderedRules(z.string().min(1).max(1024), RULES);

const FORGE = `https://(?:${HOST})(?::(?:${PORT}))?(?:/[A-Za-z0-9._~-]+)*/?`;

const FORGE_RULES: readonly Rule<string>[] = [
  {
    holds: (self) => !/^[A-Za-z+]*:\/\/[^/]*@/.test(self),
    cel: "!self.matches('^[A-Za-z+]*://[^/]*@')",
    message:
      "has a user or a password in it: leave it out; the API token goes in the Secret that `identity` names",
  },
  {
    holds: (self) => new RegExp(`^${FORGE}$`).test(self) && !/\/\.{1,2}(\/|$)/.test(self),
    cel: String.raw`self.matches(r'^${FORGE}$') && !self.matches(r'/\.{1,2}(/|$)')`,
    message: "must be https://HOST[:PORT][/PATH], without a query: where the forge's own pages are",
  },
];

/** Where a forge is. */
export const ForgeUrl = withOrderedRules(z.string().min(1).max(1024), FORGE_RULES);

/** A URL of a repository, taken apart. */
export interface GitAddress {
  readonly transport: "ssh" | "https";
  /** absent: ssh's own default */
  readonly user?: string | undefined;
  /** lower-case, an IPv6 address without brackets */
  readonly host: string;
  readonly port: number;
  /** as the server gets it: `/srv/app.git`, `team/app.git` below the user's home, `~user/app.git` */
  readonly path: string;
}

/** Takes a URL apart that GitUrl accepts; undefined for any other. */
export function parseGitUrl(url: string): GitAddress | undefined {
  return GitUrl.safeParse(url).success ? (sshOf(url) ?? httpsOf(url) ?? scpOf(url)) : undefined;
}

function sshOf(url: string): GitAddress | undefined {
  const [, user, host, port = "22", path] = new RegExp(`^${SSH}$`).exec(url) ?? [];
  if (host === undefined || path === undefined) return undefined;
  // git asks ssh://HOST/~user/x for ~user/x
  return {
    transport: "ssh",
    user,
    host: bare(host),
    port: Number(port),
    path: path.replace(/^\/~/, "~"),
  };
}

function httpsOf(url: string): GitAddress | undefined {
  const [, host, port = "443", path] = new RegExp(`^${HTTPS}$`).exec(url) ?? [];
  if (host === undefined || path === undefined) return undefined;
  return { transport: "https", host: bare(host), port: Number(port), path };
}

function scpOf(url: string): GitAddress | undefined {
  const [, user, host, path] = new RegExp(`^${SCP}$`).exec(url) ?? [];
  if (host === undefined || path === undefined) return undefined;
  return { transport: "ssh", user, host: bare(host), port: 22, path };
}

const bare = (host: string): string => host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
