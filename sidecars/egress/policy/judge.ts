import type { PolicyRoute } from "../../wire/egress-policy.ts";
import { DEFAULT_MAX_BODY_BYTES } from "../../../crds/egress-defaults.ts";
import type { Denial, DenialCode } from "../denial.ts";
import type { Authority } from "../request/authority.ts";
import { type Decidable, decide, decideConnection, type Verdict } from "./decide.ts";
import { type IndexedRoute, indexRoute, type PolicyIndex } from "./policy-index.ts";

/** Name of the route that stands for what no route allows. */
const UNLISTED = "(unlisted)";

/** What is to be done with a request. */
export type Judgement =
  | Extract<Verdict, { kind: "allow" | "deny" }>
  /** passes, for the policy only records; `instead` is what enforcing it would say */
  | { readonly kind: "record"; readonly route: PolicyRoute; readonly instead: Denial }
  /** waits for somebody's answer; `instead` is what stands until then */
  | { readonly kind: "ask"; readonly route: PolicyRoute; readonly instead: Denial };

/** Denials that only say that no route allows it; every other one stands in every mode. */
const FOR_LACK_OF_A_ROUTE: ReadonlySet<DenialCode> = new Set([
  "HostNotAllowed",
  "PortNotAllowed",
  "PathNotAllowed",
  "PathAmbiguous",
  "MethodNotAllowed",
]);

/** `decide`, and what the policy wants done with what no route allows. Pure. */
export function judge(head: Decidable, policy: PolicyIndex): Judgement {
  const verdict = decide(head, policy);
  if (verdict.kind === "allow" || isStrict(policy)) return verdict;
  if (head.method === "TRACE" || !FOR_LACK_OF_A_ROUTE.has(verdict.code)) return verdict;
  const { code, because } = verdict;
  const kind = policy.mode === "audit" ? "record" : "ask";
  return { kind, route: unlistedRoute(head, policy), instead: { code, because } };
}

/**
 * Decides on a connection, of which only host and port are known: whether any request on it could pass. In a policy
 * that records or asks, one could to any host; each request is judged when it comes.
 */
export function judgeConnection(
  authority: Authority,
  policy: PolicyIndex,
): ReturnType<typeof decideConnection> {
  const verdict = decideConnection(authority, policy);
  if (isStrict(policy)) return verdict;
  const unlisted = indexRoute(unlistedRoute(authority, policy));
  const listed: readonly IndexedRoute[] = verdict.kind === "allow" ? verdict.routes : [];
  return { kind: "allow", routes: [...listed, unlisted] };
}

function isStrict({ mode, unlisted }: PolicyIndex): boolean {
  return mode === "enforce" && unlisted === "deny";
}

/** No credential, a full scan, no private address. */
function unlistedRoute({ host, port }: Authority, { resolver }: PolicyIndex): PolicyRoute {
  return {
    name: UNLISTED,
    host,
    ports: [port],
    methods: ["*"],
    paths: ["/"],
    auth: { mode: "strip" },
    scan: "full",
    allowPrivate: [],
    maxBodyBytes: DEFAULT_MAX_BODY_BYTES,
    budget: {},
    serverTools: "deny",
    resolver: [...resolver],
  };
}
