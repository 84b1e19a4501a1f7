import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { createCertificateAuthority } from "../../sidecars/egress/certificates/authority.ts";
import type { AuditRecord } from "../../sidecars/wire/audit.ts";
import { compileEgress } from "../../sidecars/wire/compile-egress.ts";
import type { ControlAnswer, ControlRequest, SidecarsReport } from "../../sidecars/wire/control.ts";
import type { SecretValue } from "../../sidecars/wire/control.ts";
import type { RemotePolicy } from "../../sidecars/wire/git-policy.ts";
import type { GitWorld } from "./git-kit.ts";
import { gitleaksFolder } from "./gitleaks-kit.ts";

const SIDECARS = resolve(import.meta.dirname, "../../sidecars");
/** as the image's entry has it */
const MOVE = "exec 3>&1 1>&2 4<&0 0</dev/null;";
const authority = createCertificateAuthority({ commonName: "bundle", now: new Date(), days: 1 });
type Request = ControlRequest extends infer R
  ? R extends unknown
    ? Omit<R, "session" | "id">
    : never
  : never;

/** The bundle as a process, with this one in the place of the entry and of the controller. */
export class BundleProcess {
  readonly gateFolder: string;
  readonly audit: AuditRecord[] = [];
  /** what the bundle asked the entry for */
  readonly asked: string[] = [];
  gate: ChildProcess | undefined;
  readonly #world: GitWorld;
  readonly #bundle: ChildProcess;
  readonly #path: string;
  readonly #startsGates: boolean;
  readonly #answers: ControlAnswer[] = [];
  #id = 0;

  private constructor(world: GitWorld, path: string, startsGates: boolean) {
    this.#world = world;
    this.#path = path;
    this.#startsGates = startsGates;
    this.gateFolder = join(world.folder, "run");
    const link = join(world.folder, "link");
    for (const folder of [this.gateFolder, link]) mkdirSync(folder);
    // where the world's clients go
    symlinkSync(join(link, "git-gate.sock"), world.socket);
    const program = [process.execPath, join(SIDECARS, "bundle/main.ts"), link, this.gateFolder].join(" ");
    const stdio = ["pipe", "pipe", "pipe", "ignore", "ignore", "pipe"] as const;
    this.#bundle = spawn("/bin/sh", ["-c", `${MOVE} exec ${program}`], { stdio: [...stdio] });
    const [, stdout, stderr, , , asks] = this.#bundle.stdio as unknown as Readable[];
    onLines(stdout, (line) => this.#answers.push(JSON.parse(line) as ControlAnswer));
    onLines(stderr, (line) => this.audit.push(JSON.parse(line) as AuditRecord));
    onLines(asks, (word) => this.#onAsk(word));
  }

  /** `startsGates: false` leaves the gate's place to the test. */
  static async start(world: GitWorld, { startsGates = true } = {}): Promise<BundleProcess> {
    const path = `${await gitleaksFolder()}:${process.env["PATH"]}`;
    return new BundleProcess(world, path, startsGates);
  }

  async configure(
    remotes: readonly RemotePolicy[],
    secrets: readonly SecretValue[],
    canaries: readonly string[] = [],
  ): Promise<SidecarsReport> {
    const { certificatePem, privateKeyPem } = authority;
    const configuration = {
      ...{ policyHash: "hash", egress: compileEgress({}), git: { remotes: [...remotes] } },
      ...{ secrets: [...secrets], certificateAuthority: { certificatePem, privateKeyPem } },
      canaries: [...canaries],
    };
    return this.ask({ kind: "configure", configuration });
  }

  async ask(request: Request): Promise<SidecarsReport> {
    const id = (this.#id += 1);
    this.#bundle.stdin?.write(`${JSON.stringify({ ...request, session: "test", id })}\n`);
    for (;;) {
      const answer = this.#answers.find((each) => each.id === id);
      if (answer?.kind === "report") return answer.report;
      if (answer !== undefined) throw new Error(answer.message);
      await once(this.#bundle.stdout as Readable, "data", { signal: AbortSignal.timeout(20_000) });
    }
  }

  async end(): Promise<void> {
    for (const child of [this.#bundle, this.gate]) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
  }

  #onAsk(word: string): void {
    this.asked.push(word);
    this.gate?.kill("SIGKILL");
    this.gate = undefined;
    if (word !== "start" || !this.#startsGates) return;
    const hook = join(SIDECARS, "git-gate/hooks/hook.ts");
    const argv = [join(SIDECARS, "git-gate/main.ts"), this.gateFolder, join(this.#world.folder, "mirrors")];
    this.gate = spawn(process.execPath, [...argv, hook, this.#path], {
      env: {},
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
}

function onLines(stream: Readable | undefined, act: (line: string) => void): void {
  if (stream === undefined) throw new Error("there is no such stream");
  createInterface({ input: stream }).on("line", act);
}
