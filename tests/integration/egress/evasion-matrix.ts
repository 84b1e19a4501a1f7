import { carriers, type Written } from "./evasion-carriers.ts";
import { isPromised, type Secret, secrets, views } from "./evasion-kit.ts";
import { type Asking, COOKIES_HOST } from "./witness.ts";

/** One request that must not pass. */
export interface Evasion {
  readonly name: string;
  readonly asking: Asking;
}

/** where bytes can stand as they are: everywhere else they are made text before they are sent */
const OF_BYTES = /^a body|^a part of a form$|^a compressed message of gRPC$/;
/** what goes through every carrier in every view: a token, a longer one, a block */
const few = ["github-token", "anthropic-key", "private-key"].map((id) =>
  secrets.find(({ rule }) => rule.id === id)!,
);
/** What docs/security.md says is not found: views, or rules of what is sent as it is. */
const NOT_PROMISED: Readonly<Record<string, readonly string[]>> = {
  "a trailer": ["base64 of gzip"],
  "a message of gRPC": ["seed-phrase"],
  "a compressed message of gRPC": ["bare deflate", "gzip three times"],
};

/** Whether it is promised that a secret does not pass when it is written so. */
function isRefused(carrier: string, view: string, secret: Secret): boolean {
  const excepted = NOT_PROMISED[carrier] ?? [];
  if (excepted.includes(view) || (view === "as it is" && excepted.includes(secret.rule.id))) return false;
  // where its own credentials pass the agent may send what is a token of anybody's
  if (isCookie(carrier) && secret.rule.home?.includes("*") === true) return false;
  return isPromised(view, secret);
}

const isCookie = (carrier: string): boolean => carrier.includes("cookie");

function askingFor(carrier: string, written: Written): Asking | undefined {
  if (typeof written !== "string" && !OF_BYTES.test(carrier)) return undefined;
  const asking = carriers[carrier]!(written);
  return asking !== undefined && isCookie(carrier) ? { ...asking, host: COOKIES_HOST } : asking;
}

function cells(carrier: string, view: string, all: readonly Secret[]): Evasion[] {
  return all.flatMap((secret, index) => {
    if (!isRefused(carrier, view, secret)) return [];
    const asking = askingFor(carrier, views[view]!(secret.text));
    return asking === undefined
      ? []
      : [{ name: `${secret.rule.id} ${index} as ${view} in ${carrier}`, asking }];
  });
}

/** Every secret in a view, as a body. */
export const inView = (view: string): Evasion[] => cells("a body", view, secrets);

/** Every secret in a place of a request as it is, and some of them in every view. */
export const inCarrier = (carrier: string): Evasion[] =>
  Object.keys(views).flatMap((view) => cells(carrier, view, view === "as it is" ? secrets : few));
