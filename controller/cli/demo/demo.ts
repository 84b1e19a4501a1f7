import type { ApiClient } from "../api/api-client.ts";
import { pathOf, resolveResource } from "../api/discovery.ts";
import type { KubeObject } from "../api/objects.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../context.ts";
import { startControlPlane } from "../control-plane/start.ts";
import { examine } from "../machine-checks.ts";
import { conditionTable } from "../output/condition-table.ts";
import { startProgress } from "../output/progress.ts";
import { print, say } from "../output/terminal.ts";
import { untilDeleted } from "../until.ts";
import { waitFor } from "../wait-for.ts";
import { ACTS, type Finding } from "./acts.ts";
import { abandonedDemoStates, createDemoState, removeDemoState, type DemoState } from "./demo-state.ts";
import { play } from "./play.ts";
import { describeAct, describeFinding } from "./programme.ts";
import { createDemoObjects, startWorld } from "./stage.ts";

const READY_MS = 120_000;
const REMOVE_MS = 120_000;

/**
 * Shows a real agent in a real bottle: sets up the machine, asks four things, prints what came of each, and removes
 * everything of its own. Throws CliError when an expectation did not hold or something was left.
 */
export async function runDemo(context: CommandContext, options: { readonly live: boolean }): Promise<void> {
  const liveToken = options.live ? realToken(context) : undefined;
  await setUpMachine(context);
  for (const abandoned of await abandonedDemoStates(context.config)) await removeAll(context, abandoned);
  const state = await createDemoState(context.config);
  const findings: Finding[] = [];
  try {
    findings.push(...(await perform({ ...context, config: state.config }, state, liveToken)));
  } finally {
    findings.push(await removeAll(context, state));
  }
  print(context.terminal, describeFinding(context.terminal, findings.at(-1)));
  const broken = findings.filter(({ holds }) => !holds);
  if (broken.length > 0) {
    throw new CliError(`${broken.length} of ${findings.length} expectations did not hold`, {
      next: "the lines above say which; bb doctor looks at the machine",
    });
  }
  say(context.terminal, `the demonstration holds: ${findings.length} of ${findings.length} expectations`);
}

async function perform(
  context: CommandContext,
  { config, machine }: DemoState,
  liveToken: string | undefined,
): Promise<Finding[]> {
  const { terminal, signal } = context;
  const progress = startProgress(terminal, "starting what plays the world outside");
  const world = await startWorld(machine, liveToken, signal).finally(() => progress.done());
  const client = await startControlPlane(config, terminal, signal);
  try {
    await createDemoObjects(client, world, signal);
    const resource = await resolveResource(client, "bottles");
    const awaited = { resource, namespace: "default", name: "demo" };
    const wanted = { type: "Ready", status: "True" };
    await waitFor(context, client, { awaited, wanted, timeoutMs: READY_MS });
    const findings: Finding[] = [];
    for (const [index, act] of ACTS.entries()) {
      const acting = startProgress(terminal, `asking Claude Code in the bottle: ${act.prompt}`);
      const stage = { client, world, stateDir: config.stateDir, signal };
      const played = await play(act, stage).finally(() => acting.done());
      print(terminal, describeAct(terminal, index + 1, played));
      findings.push(...played.findings);
    }
    await showConditions(context, client);
    await client.call(pathOf(resource, awaited), { method: "DELETE" });
    await untilDeleted(client, awaited, AbortSignal.any([signal, AbortSignal.timeout(REMOVE_MS)]));
    return findings;
  } finally {
    client.close();
  }
}

async function showConditions({ terminal }: CommandContext, client: ApiClient): Promise<void> {
  const path = pathOf(await resolveResource(client, "bottles"), { namespace: "default", name: "demo" });
  const bottle = await client.call<KubeObject>(path);
  print(terminal, `\nThe bottle's conditions\n${conditionTable(bottle.status?.conditions ?? [])}\n`);
}

async function setUpMachine(context: CommandContext): Promise<void> {
  const checks = await examine(context, true);
  const failed = checks.filter(({ status }) => status === "fail");
  if (failed.length === 0) return say(context.terminal, "this machine is ready for bottles");
  const lines = failed.map(
    ({ name, found, todo }) => `${name}: ${found}${todo === undefined ? "" : `; ${todo}`}`,
  );
  throw new CliError(`this machine is not ready:\n${lines.join("\n")}`, {
    next: "bb doctor has the whole list",
  });
}

/** Goes on after Ctrl-C: what was begun is always removed. */
async function removeAll({ terminal }: CommandContext, state: DemoState): Promise<Finding> {
  const progress = startProgress(terminal, "removing everything of the demonstration");
  try {
    const remains = await removeDemoState(state, AbortSignal.timeout(REMOVE_MS));
    const what = remains.length === 0 ? "" : `, but for ${remains.join(", ")}`;
    return {
      claim: `nothing of it is left: no container, volume, network, process or file${what}`,
      holds: remains.length === 0,
    };
  } finally {
    progress.done();
  }
}

function realToken({ config }: CommandContext): string {
  if (config.claudeToken !== undefined) return config.claudeToken;
  throw new CliError("--live needs a token of the real API", {
    next: "export BOT_BOTTLE_CLAUDE_OAUTH_TOKEN=…, from: claude setup-token",
  });
}
