import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { ChildEnd } from "../process/child.ts";
import { baseEnvironment, type Environment } from "../process/environment.ts";
import type { Access, Passage } from "./access.ts";
import { SshAgent } from "./ssh-agent.ts";
import { type SshFiles, sshFilesIn, writeSshConfig } from "./ssh-config.ts";
import { SshMaster } from "./ssh-master.ts";
import { upstreamErrorOf } from "./upstream-failure.ts";

/** a login that upstream would no longer give is not used for longer */
const OLDEST_LOGIN_MS = 15 * 60_000;

export interface SshAccessParts {
  /** of this remote and run alone, where nothing is */
  readonly folder: string;
  readonly destination: readonly string[];
  readonly knownHost: string;
  readonly privateKey: string;
  readonly path: string;
  /** how long a login is kept that nobody uses */
  readonly idleMs: number;
}

/**
 * Over ssh: a key in an agent of its own, and one login that runs of git share while there are any. Where the shared
 * login fails, git's ssh makes one of its own, which is checked in the same way.
 */
export class SshAccess implements Access {
  readonly #parts: SshAccessParts;
  readonly #files: SshFiles;
  readonly #environment: Environment;
  readonly #closing = new AbortController();
  readonly #retired = new Set<SshMaster>();
  #agent: SshAgent;
  #master: SshMaster | undefined;
  #opening: Promise<void> | undefined;
  /** runs of git under way */
  #running = 0;
  /** runs of git so far */
  #runs = 0;
  #logins = 0;

  private constructor(parts: SshAccessParts, files: SshFiles, agent: SshAgent) {
    this.#parts = parts;
    this.#files = files;
    this.#agent = agent;
    this.#environment = baseEnvironment(parts.path);
  }

  /** Throws RemoteFailure when the key cannot be used. */
  static async open(parts: SshAccessParts): Promise<SshAccess> {
    mkdirSync(parts.folder, { recursive: true, mode: 0o700 });
    const files = sshFilesIn(parts.folder);
    writeSshConfig(parts.folder, files, parts.knownHost);
    const agent = await SshAgent.start(files.agentSocket, parts.privateKey, parts.path);
    return new SshAccess(parts, files, agent);
  }

  async enter(timeoutMs: number): Promise<Passage> {
    this.#running += 1;
    this.#runs += 1;
    const isReused = this.#opening === undefined && this.#master?.isAlive === true;
    try {
      if (!isReused) await this.#logIn(timeoutMs);
    } catch (error) {
      this.#left();
      throw error;
    }
    const master = this.#master;
    const shared = master === undefined ? "none" : master.controlSocket;
    return {
      environment: {
        GIT_ALLOW_PROTOCOL: "ssh",
        GIT_SSH_COMMAND: `ssh -F ${this.#files.config} -S ${shared}`,
      },
      isReused,
      leave: (failed) => {
        if (failed) this.#retire(master);
        this.#left();
      },
    };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#opening?.catch(() => undefined);
    this.#retire(this.#master);
    await this.#endRetired();
    await this.#agent.close();
  }

  /** One at a time; who comes meanwhile waits for the same. */
  #logIn(timeoutMs: number): Promise<void> {
    this.#opening ??= this.#open(timeoutMs).finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #open(timeoutMs: number): Promise<void> {
    const { destination, privateKey, path, folder } = this.#parts;
    const { config, agentSocket } = this.#files;
    if (this.#closing.signal.aborted) return;
    if (!(await this.#agent.isListening())) {
      await this.#agent.close();
      this.#agent = await SshAgent.start(agentSocket, privateKey, path);
    }
    this.#logins += 1;
    const controlSocket = join(folder, `login-${this.#logins}`);
    const master = new SshMaster({ config, controlSocket, destination, environment: this.#environment });
    this.#master = master;
    const failure = await master.ready(
      AbortSignal.any([AbortSignal.timeout(timeoutMs), this.#closing.signal]),
    );
    if (failure !== undefined) return this.#noMaster(master, failure);
    AbortSignal.timeout(OLDEST_LOGIN_MS).addEventListener("abort", () => this.#retire(master));
  }

  /** What is certain is not tried again; of a server that only has no room for such a login, git's own ssh will say. */
  async #noMaster(master: SshMaster, failure: ChildEnd): Promise<void> {
    this.#master = undefined;
    await master.close();
    const error = upstreamErrorOf(failure);
    if (error !== undefined) throw error;
  }

  /** Nobody uses it from now on; it ends when nobody does any more. */
  #retire(master: SshMaster | undefined): void {
    if (master === undefined) return;
    master.retire();
    this.#retired.add(master);
    if (this.#master === master) this.#master = undefined;
    if (this.#running === 0) void this.#endRetired();
  }

  #left(): void {
    this.#running -= 1;
    if (this.#running > 0) return;
    void this.#endRetired();
    const runs = this.#runs;
    AbortSignal.timeout(this.#parts.idleMs).addEventListener("abort", () => {
      if (this.#runs === runs) this.#retire(this.#master);
    });
  }

  /** Whoever comes while some end waits for them too. */
  async #endRetired(): Promise<void> {
    const end = async (master: SshMaster): Promise<void> => {
      await master.close();
      this.#retired.delete(master);
    };
    await Promise.all([...this.#retired].map(end));
  }
}
