import { isDeepStrictEqual } from "node:util";
import type { Bottle } from "../../../crds/bottle.ts";
import type { GitStatus, RemoteStatus } from "../../../crds/git-status.ts";
import { safeLine } from "../../../crds/text.ts";
import type { RemoteReport } from "../../../sidecars/wire/git-policy.ts";
import type { Observed } from "../observed.ts";
import { type RemoteState, remoteStates } from "./remote-states.ts";

/** A refresh alone is written when what stands in status is older than this: mirrors are refreshed at every fetch. */
const REFRESH_NEWS_MS = 60_000;
/** The gate has read what the agent wrote, and status is for people. */
const MOST_REFS = 16;
const MOST_BRANCHES = 64;

/** What status says of remotes and deploy keys; undefined when there is nothing to say and nothing to take back. */
export function gitStatusOf({ status }: Bottle, observed: Observed): GitStatus | undefined {
  const before = status?.git;
  const { notes } = observed.wanted.deployKeys;
  const remotes = remotesOf(before?.remotes ?? [], observed);
  if (before === undefined && remotes.length === 0 && notes.length === 0) return undefined;
  return { remotes, deployKeys: [...notes] };
}

/** The same for a Bottle whose sidecars are gone or going: nobody speaks of its remotes. */
export function gitStatusAtEnd({ status }: Bottle): GitStatus | undefined {
  return status?.git === undefined ? undefined : { ...status.git, remotes: [] };
}

function remotesOf(before: readonly RemoteStatus[], observed: Observed): RemoteStatus[] {
  const { wanted, enforcement } = observed;
  const remotes = wanted.policy?.remotes;
  const states = remoteStates(observed);
  // what was said last stands until something else is seen; conditions say that it is old
  if (remotes === undefined) return [...before];
  const reports = enforcement.kind === "holds" ? enforcement.report.remotes : [];
  return remotes.flatMap(({ name, url }) => {
    const last = before.find((remote) => remote.name === name);
    const state = states?.find((remote) => remote.name === name);
    if (state === undefined) return last === undefined ? [] : [last];
    const report = reports.find((remote) => remote.name === name);
    return [settled(last, { url, ...statusOf(state, report) })];
  });
}

function statusOf(state: RemoteState, report: RemoteReport | undefined): Omit<RemoteStatus, "url"> {
  const { refreshTime, lastPush, branches = [] } = report ?? {};
  const push =
    lastPush === undefined
      ? undefined
      : {
          ...lastPush,
          refs: lastPush.refs.slice(0, MOST_REFS).map((ref) => safeLine(ref)),
          message: safeLine(lastPush.message),
        };
  return {
    ...state,
    ...(refreshTime === undefined ? {} : { refreshTime }),
    ...(push === undefined ? {} : { lastPush: push }),
    branches: branches
      .slice(0, MOST_BRANCHES)
      .map(({ name, ahead, behind }) => ({ name: safeLine(name), ahead, behind })),
  };
}

/** as it was, when only a little time has passed */
function settled(before: RemoteStatus | undefined, next: RemoteStatus): RemoteStatus {
  if (before?.refreshTime === undefined || next.refreshTime === undefined) return next;
  const isNews = Math.abs(Date.parse(next.refreshTime) - Date.parse(before.refreshTime)) >= REFRESH_NEWS_MS;
  const { refreshTime } = before;
  return !isNews && isDeepStrictEqual({ ...next, refreshTime }, before) ? before : next;
}
