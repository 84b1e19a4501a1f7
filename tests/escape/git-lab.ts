import { setTimeout as delay } from "node:timers/promises";
import type { RemoteReport } from "../../sidecars/wire/git-policy.ts";
import { docker } from "../contract/docker-machine.ts";
import { type ContainerProcess, processesIn } from "./container-processes.ts";
import { EscapeLab } from "./escape-bottle.ts";
import type { EscapeBottle } from "./escape-bottle.ts";
import { type GitUpstream, startGitUpstream } from "./git-upstream.ts";

/** A bottle with one git remote that is ready. */
export class GitLab {
  readonly bottle: EscapeBottle;
  readonly upstream: GitUpstream;
  readonly #lab: EscapeLab;

  private constructor(lab: EscapeLab, bottle: EscapeBottle, upstream: GitUpstream) {
    this.#lab = lab;
    this.bottle = bottle;
    this.upstream = upstream;
  }

  /** Leaves nothing behind when it fails. */
  static async start(): Promise<GitLab> {
    const lab = new EscapeLab();
    await lab.begin();
    let upstream: GitUpstream | undefined;
    try {
      const bottle = await lab.startBottle();
      const { IPAM } = await docker.getNetwork(lab.uplink).inspect();
      upstream = await startGitUpstream(IPAM?.Config?.[0]?.["Gateway"] ?? "");
      const git = new GitLab(lab, bottle, upstream);
      await bottle.configure({ git: { remotes: [upstream.remote] }, secrets: [upstream.secret] });
      await git.#untilReady(AbortSignal.timeout(30_000));
      return git;
    } catch (error) {
      await upstream?.close();
      await lab.end();
      throw error;
    }
  }

  async end(): Promise<void> {
    await this.upstream.close();
    await this.#lab.end();
  }

  async remote(): Promise<RemoteReport | undefined> {
    const { remotes } = await this.bottle.session.ask({ kind: "report" }, AbortSignal.timeout(5_000));
    return remotes[0];
  }

  /** Of the sidecars. */
  processes(): Promise<readonly ContainerProcess[]> {
    return processesIn(this.bottle.name("sidecars"));
  }

  /** The process of the sidecars that runs a program. */
  async processOf(program: string): Promise<ContainerProcess> {
    const all = await this.processes();
    const found = all.find(
      ({ argv }) => argv[0] !== "/sbin/docker-init" && argv.some((word) => word.endsWith(program)),
    );
    if (found === undefined) throw new Error(`no process runs ${program}`);
    return found;
  }

  /** Runs a command in the sidecars as a user of its own. */
  async as(user: string, argv: readonly string[]): Promise<string> {
    const container = docker.getContainer(this.bottle.name("sidecars"));
    const options = { Cmd: [...argv], User: user, AttachStdout: true, AttachStderr: true, Tty: true };
    const exec = await container.exec(options);
    const stream = await exec.start({ hijack: true, stdin: false, Tty: true });
    let output = "";
    for await (const chunk of stream) output += String(chunk);
    return output.trim();
  }

  /** Runs a script as the agent. */
  agent(script: string): Promise<{ exitCode: number; output: string }> {
    return this.bottle.output("agent", ["sh", "-c", script]);
  }

  async #untilReady(signal: AbortSignal): Promise<void> {
    for (let report = await this.remote(); report?.state !== "ready"; report = await this.remote()) {
      if (signal.aborted) throw new Error(`the remote does not get ready: ${JSON.stringify(report)}`);
      await delay(50);
    }
  }
}
