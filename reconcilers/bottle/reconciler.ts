import type { Bottle } from "../../crds/bottle.ts";
import type { DeployKeyStatus } from "../../crds/git-status.ts";
import { bottles } from "../../crds/resources.ts";
import { ConflictError, NotFoundError } from "../contract/errors.ts";
import type { DeployKeys } from "../contract/deploy-keys.ts";
import type { EventRecorder } from "../contract/event-recorder.ts";
import type { Pass, Reconciler, Request } from "../contract/reconciler.ts";
import type { Result } from "../contract/result.ts";
import type { SandboxExec } from "../contract/sandbox-exec.ts";
import type { LinkProbe } from "../contract/sandbox-runtime.ts";
import type { SidecarControl } from "../contract/sidecar-control.ts";
import { sandboxName } from "../shared/naming.ts";
import { AgentChecks } from "./agent-checks.ts";
import { addFinalizer, carryOut, type CarryOutDependencies } from "./carry-out.ts";
import { spentForStatus } from "./egress/budgets.ts";
import { EnforcementCheck } from "./enforcement.ts";
import { DeployKeyring } from "./git/deploy-keyring.ts";
import { gitStatusAtEnd, gitStatusOf } from "./git/git-status.ts";
import { LinkCheck } from "./link-check.ts";
import { observe, observeParts } from "./observe.ts";
import type { Observed } from "./observed.ts";
import { type Outcome, outcomeOf, outcomeOfFailure } from "./outcome.ts";
import type { Plan } from "./plan/plan.ts";
import { EXPIRY, planDeletion, planSuspension } from "./plan/plan-end.ts";
import { planRun } from "./plan/plan-run.ts";
import { FINALIZER, type Purpose, purposeOf } from "./plan/purpose.ts";
import { stepsOf } from "./plan/steps.ts";
import { PolicyDelivery } from "./policy-delivery.ts";
import { type WantedDependencies, WantedReader } from "./read-wanted.ts";
import { SidecarSessions } from "./sidecar-sessions.ts";
import { type StatusFacts, writeStatus } from "./write-status.ts";

export interface BottleReconcilerDependencies extends Omit<WantedDependencies, "keyring"> {
  readonly deployKeys: DeployKeys;
  readonly probe: LinkProbe;
  readonly control: SidecarControl;
  readonly exec: SandboxExec;
  readonly events: EventRecorder;
  /** time after which the sidecars count as silent; default 5 s */
  readonly answerTimeoutMs?: number;
}

/** What a pass made of what it saw. */
interface Decision {
  readonly plan: Plan;
  readonly facts: StatusFacts;
  readonly keptFilesHash?: string;
}

/** The object changed since it was read: read it again. */
const AGAIN: Result = { kind: "wait", afterMs: 0, reason: "Changed" };

/** Brings bottles to the state that is asked for. */
export function createBottleReconciler(dependencies: BottleReconcilerDependencies): Reconciler {
  return new BottleReconciler(dependencies);
}

class BottleReconciler implements Reconciler {
  readonly name = "bottle";
  readonly #dependencies: BottleReconcilerDependencies;
  readonly #sessions: SidecarSessions;
  readonly #keyring: DeployKeyring;
  readonly #delivery: PolicyDelivery;
  readonly #link: LinkCheck;
  readonly #enforcement: EnforcementCheck;
  readonly #checks: AgentChecks;
  readonly #wanted: WantedReader;

  constructor(dependencies: BottleReconcilerDependencies) {
    this.#dependencies = dependencies;
    this.#sessions = new SidecarSessions(dependencies.control, dependencies.answerTimeoutMs);
    this.#keyring = new DeployKeyring(dependencies);
    const shared = { ...dependencies, sessions: this.#sessions, keyring: this.#keyring };
    this.#delivery = new PolicyDelivery(shared);
    this.#link = new LinkCheck(dependencies.probe);
    this.#enforcement = new EnforcementCheck(this.#delivery, this.#link);
    this.#checks = new AgentChecks(dependencies.exec);
    this.#wanted = new WantedReader(shared);
  }

  async reconcile(request: Request, pass: Pass): Promise<Result> {
    const { client } = this.#dependencies;
    const bottle = await client.get(bottles, request, pass.signal);
    if (bottle === undefined) return { kind: "settled" };
    try {
      if (bottle.metadata.finalizers?.includes(FINALIZER) === true) return await this.#pass(bottle, pass);
      if (bottle.metadata.deletionTimestamp !== undefined) return { kind: "settled" };
      await addFinalizer(bottle, client, pass.signal);
      return AGAIN;
    } catch (error) {
      if (error instanceof ConflictError || error instanceof NotFoundError) return AGAIN;
      throw error;
    }
  }

  async #pass(bottle: Bottle, pass: Pass): Promise<Result> {
    const purpose = purposeOf(bottle, pass.now);
    const { decision, outcome } = await this.#act(bottle, purpose, pass);
    if (purpose.kind === "delete" && outcome.succeeded) {
      this.#forget(bottle.metadata.uid);
      return outcome.result;
    }
    const update = { conditions: outcome.conditions, facts: decision?.facts ?? {} };
    await writeStatus(bottle, update, this.#dependencies, pass);
    return outcome.result;
  }

  async #act(
    bottle: Bottle,
    purpose: Purpose,
    pass: Pass,
  ): Promise<{ readonly decision?: Decision; readonly outcome: Outcome }> {
    let decision: Decision | undefined;
    try {
      decision = await this.#decide(bottle, purpose, pass);
      pass.signal.throwIfAborted();
      await carryOut(decision.plan.work, bottle, this.#tools(), pass);
      return { decision: withHome(decision, pass), outcome: outcomeOf(decision.plan) };
    } catch (error) {
      const isNotOurs = error instanceof ConflictError || error instanceof NotFoundError;
      if (isNotOurs || pass.signal.aborted) throw error;
      const outcome = outcomeOfFailure(error, decision?.plan);
      return decision === undefined ? { outcome } : { decision, outcome };
    }
  }

  async #decide(bottle: Bottle, purpose: Purpose, pass: Pass): Promise<Decision> {
    const { runtime } = this.#dependencies;
    switch (purpose.kind) {
      case "delete":
        return {
          plan: planDeletion(await observeParts(bottle, runtime, pass), this.#deployKeysOf(bottle)),
          facts: {},
        };
      case "suspend":
        return {
          plan: planSuspension(await observeParts(bottle, runtime, pass), purpose),
          facts: withGit({}, gitStatusAtEnd(bottle)),
        };
      case "expire":
        return { plan: EXPIRY, facts: {} };
      case "run": {
        const observed = await observe(
          bottle,
          { runtime, wanted: this.#wanted, enforcement: this.#enforcement, checks: this.#checks },
          pass,
        );
        const plan = planRun({ bottle, now: pass.now, untilMs: purpose.untilMs }, observed);
        const { hash: keptFilesHash } = observed.wanted.keptFiles;
        const git = gitStatusOf(bottle, observed);
        const facts = withSpent(factsOf(observed, runtime.name), bottle, observed);
        return { plan, facts: withGit(facts, git), keptFilesHash };
      }
      default:
        return purpose satisfies never;
    }
  }

  #tools(): CarryOutDependencies {
    return {
      ...this.#dependencies,
      delivery: this.#delivery,
      link: this.#link,
      keyring: this.#keyring,
    };
  }

  /** those that may be at forges still */
  #deployKeysOf({ metadata: { uid }, status }: Bottle): readonly DeployKeyStatus[] {
    return (status?.git?.deployKeys ?? []).filter((note) => !this.#keyring.isRemoved(uid, note));
  }

  /** what was remembered of a bottle that is gone */
  #forget(uid: string): void {
    this.#sessions.forget(sandboxName(uid, "sidecars"));
    this.#link.forget(uid);
    this.#checks.forget(uid);
    this.#keyring.forget(uid);
  }
}

const factsOf = ({ wanted, enforcement }: Observed, runtime: string): StatusFacts => ({
  runtime,
  ...(wanted.provider === undefined ? {} : { provider: wanted.provider }),
  ...(wanted.agentImage === undefined ? {} : { image: wanted.agentImage }),
  ...(wanted.caFingerprint === undefined ? {} : { caFingerprint: wanted.caFingerprint }),
  ...(enforcement.kind === "holds" ? { policyHash: enforcement.report.policyHash ?? "" } : {}),
});

/** Nothing of budgets stands in a status that never had any. */
function withSpent(facts: StatusFacts, { status }: Bottle, observed: Observed): StatusFacts {
  if (observed.wanted.policy === undefined) return facts;
  const spent = spentForStatus(observed);
  return spent.length === 0 && status?.egress === undefined
    ? facts
    : { ...facts, egress: { spent: [...spent] } };
}

const withGit = (facts: StatusFacts, git: StatusFacts["git"]): StatusFacts =>
  git === undefined ? facts : { ...facts, git };

/** The work is done: what it wrote into the home is noted, and the files of a new home are never written again. */
function withHome({ plan, facts, keptFilesHash }: Decision, { now }: Pass): Decision {
  const steps = stepsOf(plan.work);
  const wroteNewHome = steps.some((step) => step.kind === "create" && step.spec.homeFiles !== undefined);
  const wroteHome = wroteNewHome || steps.some(({ kind }) => kind === "refreshHome");
  const written = {
    ...(wroteNewHome ? { homeProvisionedTime: now.toISOString() } : {}),
    ...(wroteHome ? { homeFilesHash: keptFilesHash ?? "" } : {}),
  };
  return { plan, facts: { ...facts, ...written } };
}
