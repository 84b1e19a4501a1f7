import { deepStrictEqual } from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { createInProcessClient, openSqliteStore, type ResourceStore } from "../controller/store/index.ts";
import type { Bottle, BottleSpec } from "../crds/bottle.ts";
import type { Condition } from "../crds/condition.ts";
import { bottles } from "../crds/resources.ts";
import { FakeDeployKeys, FakeForge } from "../local-runtime/fake/fake-deploy-keys.ts";
import { FakeEngine, type FakeSandbox } from "../local-runtime/fake/fake-engine.ts";
import { catProvisionedFiles, createFakeExec, type FakeCommand } from "../local-runtime/fake/fake-exec.ts";
import { createFakeLinkProbe, createFakeSidecarControl } from "../local-runtime/fake/fake-link.ts";
import { FakeRuntime } from "../local-runtime/fake/fake-runtime.ts";
import { createBottleReconciler } from "../reconcilers/bottle/reconciler.ts";
import type { CertificateAuthority } from "../reconcilers/contract/certificate-authorities.ts";
import type { ImageState } from "../reconcilers/contract/image-store.ts";
import type { Reconciler } from "../reconcilers/contract/reconciler.ts";
import type { ResourceClient } from "../reconcilers/contract/resource-client.ts";
import type { Result } from "../reconcilers/contract/result.ts";
import {
  type SandboxPhase,
  type SandboxRole,
  VOLUME_ROLES,
} from "../reconcilers/contract/sandbox-runtime.ts";
import { AGENT_USER } from "../reconcilers/shared/agent-paths.ts";
import { sandboxName, volumeName } from "../reconcilers/shared/naming.ts";
import { heldAuthorities } from "./held-authorities.ts";
import { HeldSecrets } from "./held-secrets.ts";

const START = Date.parse("2026-01-01T00:00:00Z");
const MAX_PASSES = 60;
/** the store syncs every write to disk, and there are thousands of worlds */
const MEMORY = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
/** fake sidecars answer at once, so that silence need not be waited for long */
const ANSWER_TIMEOUT_MS = 50;

/**
 * A bottle reconciler on a real store and a fake machine, with time in the
 * test's hands. It watches, at every moment, that no agent begins to run
 * unless its sidecars hold the policy of its Bottle and its link is whole.
 */
export class BottleWorld {
  readonly engine: FakeEngine;
  readonly client: ResourceClient;
  readonly secrets = new HeldSecrets();
  readonly forge = new FakeForge();
  readonly events: string[] = [];
  /** why the audit of every bottle cannot be kept */
  auditFault: string | undefined;
  readonly authorities = new Map<string, CertificateAuthority>();
  /** by image kind or reference; what is not here is present */
  readonly images = new Map<string, ImageState>();
  /** moments at which an agent ran without being held */
  readonly violations: string[] = [];
  readonly signal = new AbortController().signal;
  /** every moment at which the controller may die: engine calls and writes to the store */
  onMoment: (moment: string) => void = () => undefined;
  #isDead = false;
  #nowMs = START;
  #reconciler: Reconciler;
  readonly #store: ResourceStore;
  readonly #directory: string;

  constructor() {
    this.engine = new FakeEngine(() => this.now);
    for (const image of ["airlock", "sidecars", "agent"]) this.engine.images.add(image);
    this.#directory = mkdtempSync(join(MEMORY, "bb-world-"));
    const clock = { now: () => this.now, after: () => () => undefined };
    this.#store = openSqliteStore({ directory: join(this.#directory, "state"), clock });
    this.client = createInProcessClient(this.#store, clock);
    this.engine.observer = (call, moment) => {
      if (moment === "after") this.#watch(call);
      this.#reach(`${moment} ${call}`);
    };
    this.forge.observer = (moment) => this.#reach(moment);
    this.#reconciler = this.#createReconciler();
  }

  get now(): Date {
    return new Date(this.#nowMs);
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }

  /** what may never be: an agent that ran without being held, a home that had lived and was written to */
  get wrongs(): readonly string[] {
    return [...this.violations, ...this.engine.livedHomesWritten.map((name) => `${name}: wrote into a home`)];
  }

  close(): void {
    this.#store.close();
    rmSync(this.#directory, { recursive: true });
  }

  /** closes the world; throws when something was in it that may never be */
  end(): void {
    this.close();
    deepStrictEqual(this.wrongs, []);
  }

  /** the controller dies and comes back: everything that it remembered is gone */
  restart(): void {
    this.#isDead = false;
    this.onMoment = () => undefined;
    this.#reconciler = this.#createReconciler();
  }

  async apply(spec: BottleSpec = {}, name = "b1"): Promise<Bottle> {
    const wanted = { provider: { name: "none", image: "agent" }, ...spec };
    const ref = { namespace: "default", name };
    const existing = await this.client.get(bottles, ref, this.signal);
    if (existing !== undefined)
      return this.client.update(bottles, { ...existing, spec: wanted }, this.signal);
    const { apiVersion, kind } = BOTTLE;
    return this.client.create(bottles, { apiVersion, kind, metadata: ref, spec: wanted }, this.signal);
  }

  get = async (name = "b1"): Promise<Bottle | undefined> =>
    this.client.get(bottles, { namespace: "default", name }, this.signal);

  /** what a controller that died now would find */
  stored = (name = "b1"): Bottle | undefined => this.#store.get(bottles, { namespace: "default", name });

  delete = (name = "b1"): Promise<void> =>
    this.client.delete(bottles, { namespace: "default", name }, this.signal);

  /** one pass; after one that did not fail, whoever runs is held */
  async pass(name = "b1"): Promise<Result> {
    const pass = { id: "p", signal: this.signal, now: this.now };
    const result = await this.#reconciler.reconcile({ namespace: "default", name }, pass);
    if (result.kind !== "retry") this.#watchAll();
    return result;
  }

  /** passes until nothing more happens by itself; waits are skipped over */
  async converge(name = "b1"): Promise<Result> {
    for (let count = 0; count < MAX_PASSES; count += 1) {
      const result = await this.pass(name);
      if (isAtRest(result)) return result;
      this.advance(result.kind === "wait" ? result.afterMs : 1_000);
    }
    const { status } = (await this.get(name)) ?? {};
    const lastCalls = this.engine.calls.slice(-12).join(", ");
    throw new Error(`does not converge: ${JSON.stringify(status?.conditions)} ${lastCalls}`);
  }

  async condition(type: string, name = "b1"): Promise<Condition | undefined> {
    return (await this.get(name))?.status?.conditions?.find((condition) => condition.type === type);
  }

  sandbox(bottle: Bottle, role: SandboxRole): FakeSandbox | undefined {
    return this.engine.sandboxes.get(sandboxName(bottle.metadata.uid, role));
  }

  phases(bottle: Bottle): Partial<Record<SandboxRole, string>> {
    const roles: SandboxRole[] = ["airlock", "sidecars", "agent"];
    return Object.fromEntries(
      roles.flatMap((role) => {
        const sandbox = this.sandbox(bottle, role);
        return sandbox === undefined ? [] : [[role, sandbox.phase]];
      }),
    );
  }

  volumes(bottle: Bottle): string[] {
    return VOLUME_ROLES.filter((role) => this.engine.volumes.has(volumeName(bottle.metadata.uid, role)));
  }

  /** calls since the last time that somebody asked */
  takeCalls(): string[] {
    return this.engine.calls.splice(0);
  }

  /** puts a part into a phase, past the reconciler */
  put(bottle: Bottle, role: SandboxRole, phase: SandboxPhase | "absent"): void {
    const name = sandboxName(bottle.metadata.uid, role);
    const sandbox = this.engine.sandboxes.get(name);
    if (sandbox === undefined) return;
    if (phase === "absent") return this.engine.vanish(name);
    if (phase === "created" || phase === "exited") this.engine.kill(name);
    sandbox.phase = phase;
    if (phase === "created") sandbox.startedAt = undefined;
  }

  /** `cat` of what was provisioned, and the shell that writes its stdin into a file of the home */
  readonly #runCommand: FakeCommand = (sandbox, request, input) => {
    const [program, , , , path = ""] = request.argv;
    if (program !== "sh") return catProvisionedFiles(sandbox, request, input);
    const file = { path, content: input, mode: 0o600, owner: AGENT_USER };
    this.engine.homeOf(sandbox.spec)?.files.set(path, file);
    return { stdout: "", exitCode: 0 };
  };

  /** a file of the home, as the agent would read it */
  homeFile(bottle: Bottle, path: string): string | undefined {
    const home = this.engine.volumes.get(volumeName(bottle.metadata.uid, "home"));
    return home?.files.get(path)?.content;
  }

  /** the controller is dead from now on: nothing of its pass takes effect any more */
  die(): never {
    this.#isDead = true;
    throw new Error("the controller is dead");
  }

  #reach(moment: string): void {
    if (this.#isDead) this.die();
    this.onMoment(moment);
  }

  /** the client as the controller has it: each write may be its last */
  #mortalClient(): ResourceClient {
    const { client } = this;
    const write = async <T>(what: string, act: () => Promise<T>): Promise<T> => {
      this.#reach(`before ${what}`);
      const result = await act();
      this.#reach(`after ${what}`);
      return result;
    };
    return {
      ...client,
      update: (of, object, signal) => write("update", () => client.update(of, object, signal)),
      patchStatus: (of, ref, status, signal) =>
        write("status", () => client.patchStatus(of, ref, status, signal)),
      delete: (of, ref, signal) => write("delete", () => client.delete(of, ref, signal)),
    };
  }

  /** the invariant, looked at after every call that lets an agent run */
  #watch(call: string): void {
    const [action = "", name = ""] = call.split(" ");
    if (!["start", "unpause"].includes(action) || !name.endsWith("-agent")) return;
    const why = this.whyNotHeld(name);
    if (why !== undefined) this.violations.push(`${call}: ${why}`);
  }

  #watchAll(): void {
    for (const name of this.engine.sandboxes.keys()) {
      const why = name.endsWith("-agent") ? this.whyNotHeld(name) : undefined;
      if (why !== undefined) this.violations.push(`after a pass, ${name}: ${why}`);
    }
  }

  /** why a running agent is not held to its Bottle's policy; undefined when it is */
  whyNotHeld(agentName: string): string | undefined {
    const agent = this.engine.sandboxes.get(agentName);
    if (agent?.phase !== "running") return undefined;
    const { uid } = agent.spec.owner;
    const airlock = this.engine.sandboxes.get(sandboxName(uid, "airlock"));
    const sidecars = this.engine.sandboxes.get(sandboxName(uid, "sidecars"));
    if (airlock?.phase !== "running") return "its airlock does not run";
    if (agent.namespaceId !== airlock.namespaceId) return "it sits in a dead namespace";
    return sidecars?.phase === "running" ? this.#whyPolicyDiffers(sidecars) : "its sidecars do not run";
  }

  #whyPolicyDiffers({ spec: { owner }, sidecars }: FakeSandbox): string | undefined {
    const bottle = this.#store.get(bottles, { namespace: owner.namespace, name: owner.name });
    const wanted = (bottle?.spec?.egress?.routes ?? []).map(({ host }) => host);
    const enforced = sidecars?.configuration?.egress.routes.map(({ host }) => host);
    return isDeepStrictEqual(enforced, wanted) ? undefined : `it is held to ${enforced}, not to ${wanted}`;
  }

  #createReconciler(): Reconciler {
    return createBottleReconciler({
      client: this.#mortalClient(),
      runtime: new FakeRuntime(this.engine),
      probe: createFakeLinkProbe(this.engine),
      control: createFakeSidecarControl(this.engine),
      exec: createFakeExec(this.engine, this.#runCommand),
      images: {
        ensure: async (image) => {
          const id =
            "reference" in image ? image.reference : image.kind === "provider" ? "agent" : image.kind;
          return this.images.get(id) ?? { kind: "present", id };
        },
      },
      secrets: this.secrets,
      deployKeys: new FakeDeployKeys(this.forge),
      audit: { faultOf: () => this.auditFault },
      authorities: heldAuthorities(this.authorities, () => this.now),
      events: { record: (_about, { type, reason }) => this.events.push(`${type} ${reason}`) },
      rootCertificates: "-----ROOTS-----\n",
      answerTimeoutMs: ANSWER_TIMEOUT_MS,
    });
  }
}

const isAtRest = (result: Result): boolean =>
  result.kind === "settled" ||
  result.kind === "stalled" ||
  (result.kind === "wait" && (result.reason === "Watching" || result.afterMs >= 30_000));

const BOTTLE = { apiVersion: "bot-bottle.dev/v1alpha1", kind: "Bottle" } as const;
