import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Environment, gitEnvironment } from "../process/environment.ts";
import { Mirror, MirrorError, type Refs } from "../mirror/mirror.ts";
import { mirrorConfig } from "../mirror/mirror-config.ts";
import type { RemoteDeclaration } from "./remote-declaration.ts";
import { SshAgent } from "./ssh-agent.ts";
import { writeSshConfig } from "./ssh-config.ts";
import { Turns } from "../../shared/turns.ts";
import { type Listing, Upstream, type UpstreamLimits } from "./upstream.ts";
import { unreachable } from "./upstream-failure.ts";

export interface RemoteParts {
  readonly declaration: RemoteDeclaration;
  /** where mirrors lie; kept from one start to the next */
  readonly mirrorsFolder: string;
  /** for this run alone */
  readonly runFolder: string;
  readonly hooksFolder: string;
  /** where programs are found */
  readonly path: string;
  readonly limits: UpstreamLimits;
  /** aborted when the gate closes */
  readonly signal: AbortSignal;
}

/** One declared remote: its mirror, its key in an agent of its own, and the way to upstream. */
export class Remote {
  readonly declaration: RemoteDeclaration;
  readonly mirror: Mirror;
  readonly upstream: Upstream;
  readonly #agent: SshAgent;
  readonly #turns = new Turns(1);
  #waiting: Promise<void> | undefined;
  #suspect = false;

  private constructor(declaration: RemoteDeclaration, mirror: Mirror, upstream: Upstream, agent: SshAgent) {
    this.declaration = declaration;
    this.mirror = mirror;
    this.upstream = upstream;
    this.#agent = agent;
  }

  /** Throws when the key cannot be used or the mirror cannot be made. */
  static async open(parts: RemoteParts): Promise<Remote> {
    const { declaration, limits, signal } = parts;
    const folder = join(parts.runFolder, declaration.name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const environment = gitEnvironment(parts.path);
    const gitDir = join(parts.mirrorsFolder, `${declaration.name}.git`);
    const config = mirrorConfig(parts.hooksFolder, declaration.push);
    const mirror = new Mirror({ gitDir, config, environment, signal });
    await mirror.open();
    const agent = await SshAgent.start(join(folder, "agent"), declaration.privateKey, parts.path);
    const ssh: Environment = { GIT_SSH_COMMAND: writeSshConfig(folder, declaration.knownHost, agent.socket) };
    const upstream = new Upstream({
      url: declaration.url,
      environment: { ...environment, ...ssh },
      limits,
      signal,
    });
    return new Remote(declaration, mirror, upstream, agent);
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  /**
   * Brings the mirror to what upstream has at some moment after this call; throws UpstreamError when it cannot. Callers
   * that wait at the same time share one refresh, but none takes one that began before it asked.
   */
  refresh(): Promise<void> {
    this.#waiting ??= this.alone(async () => {
      // a turn that is free is taken at once, before the line above is done
      await Promise.resolve();
      this.#waiting = undefined;
      return this.refreshInTurn();
    });
    return this.#waiting;
  }

  /** Does something while nothing else moves the mirror's refs. */
  alone<T>(act: () => Promise<T>): Promise<T> {
    return this.#turns.take(act);
  }

  /** A refresh for who has the turn already. */
  async refreshInTurn(): Promise<void> {
    const listing = await this.upstream.list();
    if (this.#suspect) await this.#mend();
    try {
      await this.#follow(listing);
    } catch (error) {
      if (!(error instanceof MirrorError)) throw error;
      await this.#mend();
      await this.#follow(listing);
    }
  }

  /** Notes that git stumbled over the mirror; it is looked at before the next refresh. */
  suspect(): void {
    this.#suspect = true;
  }

  async #follow(listing: Listing): Promise<void> {
    if (!isSame(await this.mirror.refs(), listing.refs)) await this.#fetch();
    if (listing.head !== undefined) await this.mirror.pointHead(listing.head);
  }

  async #fetch(): Promise<void> {
    const end = await this.upstream.fetch(this.mirror.gitDir);
    if (end.ok) return;
    // either the mirror is corrupt or upstream sends what cannot be taken: a sound mirror is kept
    if (await this.mirror.isSound()) throw unreachable(end);
    throw new MirrorError("the mirror is corrupt");
  }

  async #mend(): Promise<void> {
    if (!(await this.mirror.isSound())) await this.mirror.rebuild();
    this.#suspect = false;
  }
}

function isSame(some: Refs, others: Refs): boolean {
  return some.size === others.size && [...some].every(([ref, id]) => others.get(ref) === id);
}
