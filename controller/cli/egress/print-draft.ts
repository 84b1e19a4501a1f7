import { hasAudit, readAudit } from "../audit.ts";
import { CliError } from "../cli-error.ts";
import { nowMs } from "../clock.ts";
import type { CommandContext } from "../context.ts";
import { print, say } from "../output/terminal.ts";
import { Draft } from "./draft.ts";

export interface DraftOptions {
  readonly namespace: string;
  /** milliseconds */
  readonly since?: number;
}

/** `bb egress draft`: routes on stdout, words about them on stderr. */
export async function printDraft(
  { config, signal, terminal }: CommandContext,
  bottle: string,
  { namespace, since }: DraftOptions,
): Promise<void> {
  const owner = { namespace, name: bottle };
  if (!hasAudit(config.stateDir, owner)) {
    throw new CliError(
      `there is no audit of a bottle ${bottle} in namespace ${namespace}: it has sent nothing yet, or has another name`,
    );
  }
  const draft = new Draft();
  const from = since === undefined ? undefined : new Date(nowMs() - since);
  for await (const line of readAudit(config.stateDir, {
    ...owner,
    ...{ follow: false, tail: undefined, since: from, signal },
  })) {
    draft.add(line);
  }
  if (draft.isEmpty) return say(terminal, "nothing was asked for that no route allows");
  say(terminal, "the agent chose these hosts: read before you allow them");
  print(terminal, draft.toYaml());
}
