import { AuditRecord } from "../../../sidecars/wire/audit.ts";
import { providerNamed, runArgv } from "../../../reconcilers/providers/index.ts";
import type { ApiClient } from "../api/api-client.ts";
import { hasAudit, readAudit } from "../audit.ts";
import { CliError } from "../cli-error.ts";
import { pause } from "../clock.ts";
import { runInBottle } from "../run-in-bottle.ts";
import type { Act, Evidence, Finding } from "./acts.ts";
import type { DemoWorld } from "./demo-bottle.ts";
import type { Seen } from "./stand-in/server.ts";
import { lookAtUpstream } from "./upstream/upstream.ts";

const BOTTLE = { namespace: "default", name: "demo" };
const ACT_MS = 120_000;
const AUDIT_MS = 5000;
/** all that the agent could know: its environment, those of its processes, and every file of its home */
const LOOK_INSIDE =
  'env; cat /proc/[0-9]*/environ 2>/dev/null; find "$HOME" /etc/bot-bottle -type f -exec cat {} + 2>/dev/null';

export interface Stage {
  readonly client: ApiClient;
  readonly world: DemoWorld;
  readonly stateDir: string;
  readonly signal: AbortSignal;
}

/** An act that is over. */
export interface Played {
  readonly act: Act;
  readonly answer: string;
  readonly audit: readonly AuditRecord[];
  readonly findings: readonly Finding[];
}

/** Asks the real CLI in the bottle, and looks at what came of it on both sides. */
export async function play(act: Act, stage: Stage): Promise<Played> {
  const signal = AbortSignal.any([stage.signal, AbortSignal.timeout(ACT_MS)]);
  const { world } = stage;
  const seenBefore = (await seenBy(stage, signal)).length;
  const auditBefore = (await auditOf(stage)).length;
  const answer = await ask(act, stage, signal);
  const audit = (await auditAfter(act, stage, auditBefore)).filter(act.isOfAct);
  const seen = (await seenBy(stage, signal)).slice(seenBefore);
  const { stdout: insideAgent } = await runInBottle(stage.client, BOTTLE, ["sh", "-c", LOOK_INSIDE], signal);
  const upstream = await lookAtUpstream(world.upstream, signal);
  const { token, live } = world;
  const { privateKey } = world.upstream;
  const evidence: Evidence = { answer, seen, audit, insideAgent, upstream, token, privateKey, live };
  return { act, answer, audit, findings: act.judge(evidence) };
}

async function ask(act: Act, { client }: Stage, signal: AbortSignal): Promise<string> {
  const claude = providerNamed("claude");
  if (claude === undefined) throw new CliError("there is no provider claude");
  const { stdout, stderr, exitCode } = await runInBottle(client, BOTTLE, runArgv(claude, act.prompt), signal);
  try {
    const { result } = JSON.parse(stdout) as { result?: unknown };
    return typeof result === "string" ? result : stdout;
  } catch {
    return `${stdout}${stderr}(exit code ${exitCode})`; // not JSON: what it said instead tells why
  }
}

async function seenBy({ world }: Stage, signal: AbortSignal): Promise<Seen[]> {
  const lines = await world.outside.lines(signal);
  return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Seen);
}

/** The control plane writes the audit a moment after the fact. */
async function auditAfter(act: Act, stage: Stage, before: number): Promise<AuditRecord[]> {
  const patience = AbortSignal.timeout(AUDIT_MS);
  for (;;) {
    const audit = (await auditOf(stage)).slice(before);
    if (audit.some(act.isOfAct) || patience.aborted) return audit;
    await pause(50, stage.signal);
  }
}

async function auditOf({ stateDir, signal }: Stage): Promise<AuditRecord[]> {
  const records: AuditRecord[] = [];
  if (!hasAudit(stateDir, BOTTLE)) return records;
  const wanted = { ...BOTTLE, follow: false, tail: undefined, signal };
  for await (const line of readAudit(stateDir, wanted)) records.push(AuditRecord.parse(JSON.parse(line)));
  return records;
}
