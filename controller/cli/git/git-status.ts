import type { RemoteStatus } from "../../../crds/git-status.ts";
import { pathOf, resolveResource } from "../api/discovery.ts";
import { conditionOf, type KubeCondition, type KubeObject } from "../api/objects.ts";
import { ageOf } from "../clock.ts";
import type { CommandContext } from "../context.ts";
import { conditionTable } from "../output/condition-table.ts";
import { toJson, toYaml } from "../output/print-object.ts";
import { formatTable, formatTableWithText } from "../output/table.ts";
import { print, say } from "../output/terminal.ts";

export interface GitStatusOptions {
  readonly namespace: string;
  readonly output?: "json" | "yaml";
}

/** As a control plane of another version may have written it. */
type Remote = Partial<RemoteStatus> & { readonly name: string; readonly url?: string };

/** What a program is given. */
export interface GitFacts {
  readonly bottle: string;
  readonly namespace: string;
  readonly condition?: KubeCondition | undefined;
  readonly remotes: readonly Remote[];
}

const NONE = "<none>";

/** Prints what the gate of a bottle says of its remotes. Throws ApiError when there is no such bottle. */
export async function printGitStatus(
  context: CommandContext,
  bottle: string,
  { namespace, output }: GitStatusOptions,
): Promise<void> {
  const client = await context.connect();
  const path = pathOf(await resolveResource(client, "bottle"), { namespace, name: bottle });
  const facts = gitFactsOf(await client.call<KubeObject>(path), { bottle, namespace });
  const { terminal } = context;
  if (output === "json") print(terminal, toJson(facts));
  else if (output === "yaml") print(terminal, await toYaml(facts));
  else if (hasMore(facts)) print(terminal, gitStatusText(facts));
  else say(terminal, `bottle ${bottle} has no remotes`);
}

/** Without remotes all is well, unless something else is said, as of a bottle that is suspended. */
const hasMore = ({ remotes, condition }: GitFacts): boolean =>
  remotes.length > 0 || (condition !== undefined && condition.status !== "True");

/** What a Bottle's status says of git. */
export function gitFactsOf(object: KubeObject, of: Pick<GitFacts, "bottle" | "namespace">): GitFacts {
  const git = object.status?.["git"] as { readonly remotes?: readonly Remote[] } | undefined;
  return { ...of, condition: conditionOf(object, "GitGateReady"), remotes: git?.remotes ?? [] };
}

/** The same for people; the agent's words in it are escaped. */
export function gitStatusText({ remotes, condition }: GitFacts): string {
  const parts = [
    condition === undefined ? "" : conditionTable([condition]),
    remotes.length === 0 ? "" : formatTable(HEADINGS, remotes.map(rowOf)),
    branchTable(remotes),
    pushTable(remotes),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

const HEADINGS = ["REMOTE", "STATE", "REASON", "REFRESHED", "PUSHED", "URL"];

function rowOf({ name, state, reason, refreshTime, lastPush, url }: Remote): string[] {
  return [
    name,
    state ?? NONE,
    reason ?? "",
    refreshTime === undefined ? "never" : ago(refreshTime),
    lastPush === undefined ? "never" : `${lastPush.outcome} ${ago(lastPush.time)}`,
    url ?? NONE,
  ];
}

/** How far each branch is from upstream's default branch. */
function branchTable(remotes: readonly Remote[]): string {
  const rows = remotes.flatMap(({ name, branches = [] }) =>
    branches.map((branch) => [name, branch.name, String(branch.ahead), String(branch.behind)]),
  );
  return rows.length === 0 ? "" : formatTable(["REMOTE", "BRANCH", "AHEAD", "BEHIND"], rows);
}

/** What the agent was told when its last push did not arrive, and why a remote cannot be used. */
function pushTable(remotes: readonly Remote[]): string {
  const rows = remotes.flatMap(({ name, state, message = "", lastPush }) => [
    ...(state === "failed" && message !== "" ? [[name, "", message]] : []),
    ...(lastPush === undefined || lastPush.outcome === "accepted"
      ? []
      : [[name, lastPush.refs.join(" "), lastPush.message]]),
  ]);
  return rows.length === 0 ? "" : formatTableWithText(["REMOTE", "REFS", "MESSAGE"], rows);
}

const ago = (moment: string): string => `${ageOf(moment)} ago`;
