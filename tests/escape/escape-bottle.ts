import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ContainerCreateOptions } from "dockerode";
import { containerOptions } from "../../local-runtime/docker/container-options.ts";
import { runExec } from "../../local-runtime/docker/engine-exec.ts";
import { desiredParts } from "../../reconcilers/bottle/desired-parts.ts";
import type { AgentMaterial, DesiredParts } from "../../reconcilers/bottle/desired-parts.ts";
import { SidecarSession } from "../../reconcilers/bottle/sidecar-session.ts";
import type {
  LinkReport,
  ProbeRequest,
  Owner,
  SandboxRole,
} from "../../reconcilers/contract/sandbox-runtime.ts";
import { createCertificateAuthority } from "../../sidecars/egress/certificates/authority.ts";
import { AuditRecord } from "../../sidecars/wire/audit.ts";
import { compileEgress } from "../../sidecars/wire/compile-egress.ts";
import type { SidecarsConfiguration } from "../../sidecars/wire/control.ts";
import { anOwner } from "../builders.ts";
import {
  connection,
  docker,
  dockerAdapters,
  productImage,
  removeInstance,
  requireDocker,
} from "../contract/docker-machine.ts";

/** A change to how a sandbox is made, which takes a protection away. */
export type Weakening = (options: ContainerCreateOptions & { HostConfig: object }) => void;

const signal = new AbortController().signal;

/** Source of an attack that runs inside. */
const attackSource = (name: string): string =>
  readFileSync(join(import.meta.dirname, "attacks", `${name}.py`), "utf8");

/** argv of an attack, for any sandbox whose image has python3 */
export const attackArgv = (name: string, ...values: readonly unknown[]): string[] => [
  "python3",
  "-c",
  attackSource(name),
  ...values.map((value) => (typeof value === "string" ? value : JSON.stringify(value))),
];

/** argv of a client that runs inside */
export const clientArgv = (name: string, ...values: readonly string[]): string[] => [
  ...["python3", "-c", readFileSync(join(import.meta.dirname, "clients", name), "utf8")],
  ...values,
];

/** Bottles of one instance on the real engine, with the product's own images; removed whole by `end`. */
export class EscapeLab {
  readonly instance = `escape-${randomBytes(6).toString("hex")}`;
  readonly adapters = dockerAdapters(this.instance);
  #images: Readonly<Record<SandboxRole, string>> | undefined;

  async begin(): Promise<void> {
    await requireDocker();
    const [airlock, sidecars, agent] = await Promise.all([
      productImage("airlock"),
      productImage("sidecars"),
      productImage("agent"),
    ]);
    this.#images = { airlock, sidecars, agent };
  }

  async end(): Promise<void> {
    await removeInstance(this.instance);
  }

  get uplink(): string {
    return `bb-${this.instance}-uplink`;
  }

  /** A whole bottle whose link works and whose policy is in force. */
  async startBottle(
    configuration: Partial<SidecarsConfiguration> = {},
    agentMaterial: Partial<AgentMaterial> = {},
  ): Promise<EscapeBottle> {
    if (this.#images === undefined) throw new Error("begin first");
    const owner = anOwner();
    const material = {
      environment: {},
      files: [],
      homeFiles: [],
      resources: {},
      runtimeClassName: undefined,
      ...agentMaterial,
    };
    const parts = desiredParts(owner, this.#images, material);
    const { runtime, control } = this.adapters;
    const { airlock, sidecars, agent } = parts.sandboxes;
    await Promise.all(Object.values(parts.volumes).map((volume) => runtime.createVolume(volume, signal)));
    await Promise.all([runtime.create(airlock, signal), runtime.create(sidecars, signal)]);
    const session = new SidecarSession(await control.open(sidecars.name, signal));
    await Promise.all([airlock, sidecars].map(({ name }) => runtime.start(name, signal)));
    await runtime.create(agent, signal);
    const bottle = new EscapeBottle(this, owner, parts, session);
    await bottle.configure(configuration);
    await bottle.untilLinked();
    await runtime.start(agent.name, signal);
    return bottle;
  }

  /** What a bottle's part is created from, changed. */
  weakenedOptions(bottle: EscapeBottle, role: SandboxRole, weaken: Weakening): ContainerCreateOptions {
    const joinedId = role === "agent" ? bottle.parts.sandboxes.airlock.name : undefined;
    const options = containerOptions(bottle.parts.sandboxes[role], this.instance, {
      uplink: this.uplink,
      joinedId,
    });
    weaken(options as ContainerCreateOptions & { HostConfig: object });
    return options;
  }

  /** Runs an attack in a part of the bottle that was made with a protection taken away. */
  async attackWeakened(
    bottle: EscapeBottle,
    role: SandboxRole,
    weaken: Weakening,
    argv: readonly string[],
  ): Promise<unknown> {
    const container = await this.startRaw(this.weakenedOptions(bottle, role, weaken));
    try {
      return jsonOf(await runExec(connection, container.id, argv, AbortSignal.timeout(120_000)));
    } finally {
      await container.remove({ force: true, v: true });
    }
  }

  /** A container past the runtime, under a name of its own; it is not one of the instance's sandboxes. */
  async startRaw(
    options: ContainerCreateOptions,
    name = `${this.instance}-${randomBytes(4).toString("hex")}`,
  ) {
    const request = { _query: { name }, _body: options };
    const container = await docker.createContainer(request as unknown as ContainerCreateOptions);
    await container.start();
    return container;
  }
}

/** A running bottle and what can be done to it. */
export class EscapeBottle {
  readonly lab: EscapeLab;
  readonly owner: Owner;
  readonly parts: DesiredParts;
  readonly session: SidecarSession;

  constructor(lab: EscapeLab, owner: Owner, parts: DesiredParts, session: SidecarSession) {
    this.lab = lab;
    this.owner = owner;
    this.parts = parts;
    this.session = session;
  }

  /** engine's name of a part */
  name(role: SandboxRole): string {
    return this.parts.sandboxes[role].name;
  }

  /** Puts a policy in force; what is not given is the tightest. */
  async configure(fields: Partial<SidecarsConfiguration>): Promise<void> {
    const configuration = await aConfiguration(fields);
    await this.session.ask({ kind: "configure", configuration }, AbortSignal.timeout(10_000));
  }

  /** Runs an attack as the agent, in the agent's sandbox, and returns what it printed. */
  async attack(name: string, ...values: readonly unknown[]): Promise<unknown> {
    return this.run("agent", attackArgv(name, ...values));
  }

  /** Runs a command as a part's own user and returns the JSON that it printed. */
  async run(role: SandboxRole, argv: readonly string[]): Promise<unknown> {
    return jsonOf(await this.output(role, argv));
  }

  async output(role: SandboxRole, argv: readonly string[]): Promise<{ exitCode: number; output: string }> {
    return runExec(connection, this.name(role), argv, AbortSignal.timeout(120_000));
  }

  /** Starts an attack that goes on, and resolves with the first thing that it prints. */
  async attackOn(name: string, ...values: readonly unknown[]) {
    const request = { argv: attackArgv(name, ...values), tty: false, stdin: false };
    const session = await this.lab.adapters.exec.exec(this.name("agent"), request, signal);
    const lines: string[] = [];
    const first = new Promise<unknown>((resolve, reject) => {
      session.stdout.on("data", (chunk) => {
        lines.push(...String(chunk).split("\n").filter(Boolean));
        resolve(JSON.parse(lines[0] ?? "null"));
      });
      void session.exitCode.then((code) => reject(new Error(`${name} ended with ${code}`)), reject);
    });
    return { first: await first, lines, session };
  }

  /** What the sidecars wrote down so far. */
  async audit(): Promise<readonly AuditRecord[]> {
    const records: AuditRecord[] = [];
    const log = this.lab.adapters.logs.logs(
      this.name("sidecars"),
      { follow: false },
      AbortSignal.timeout(10_000),
    );
    for await (const { text, stream } of log)
      if (stream === "stderr") records.push(AuditRecord.parse(JSON.parse(text)));
    return records;
  }

  probe(request: Partial<ProbeRequest> = {}): Promise<LinkReport> {
    const nonce = randomBytes(16).toString("hex");
    return this.lab.adapters.probe.probeLink(
      this.name("airlock"),
      { nonce, patienceMs: 0, ...request },
      signal,
    );
  }

  /** Whether a nonce sent through the link is one that the sidecars saw. */
  async isLinked(patienceMs = 0): Promise<boolean> {
    const nonce = randomBytes(16).toString("hex");
    const seen = await this.probe({ nonce, patienceMs });
    const { probeNonces } = await this.session.ask({ kind: "report" }, AbortSignal.timeout(5_000));
    return seen.answered && seen.foreignListeners.length === 0 && probeNonces.includes(nonce);
  }

  async untilLinked(): Promise<void> {
    if (!(await this.isLinked(10_000))) throw new Error("the link does not come up");
  }
}

function jsonOf({ exitCode, output }: { readonly exitCode: number; readonly output: string }): unknown {
  const line = output.trim().split("\n").at(-1) ?? "";
  try {
    return JSON.parse(line);
  } catch {
    throw new Error(`an attack failed with ${exitCode}: ${output}`);
  }
}

async function aConfiguration(fields: Partial<SidecarsConfiguration>): Promise<SidecarsConfiguration> {
  const authority = await createCertificateAuthority({ commonName: "escape", now: new Date(), days: 1 });
  const { certificatePem, privateKeyPem } = authority;
  return {
    policyHash: "escape",
    egress: compileEgress({}),
    git: { remotes: [] },
    secrets: [],
    certificateAuthority: { certificatePem, privateKeyPem },
    ...fields,
  };
}
