import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type RefUpdate, RemoteFailure } from "../contract.ts";
import type { HookSocket } from "../hooks/hook-socket.ts";
import { Mirror, MirrorError, type Refs } from "../mirror/mirror.ts";
import { mirrorConfig } from "../mirror/mirror-config.ts";
import type { ChildEnd } from "../process/child.ts";
import { plainText } from "../plain-text.ts";
import { gitEnvironment } from "../process/environment.ts";
import { Turns } from "../../shared/turns.ts";
import type { Access } from "./access.ts";
import { HttpsAccess } from "./https-access.ts";
import { type RemoteDeclaration, sshDestinationOf } from "./remote-declaration.ts";
import { SshAccess } from "./ssh-access.ts";
import { type Listing, Upstream, type UpstreamLimits } from "./upstream.ts";
import { UpstreamError, unreachable, upstreamErrorOf } from "./upstream-failure.ts";

export interface RemoteParts {
  readonly declaration: RemoteDeclaration;
  /** where mirrors lie; kept from one start to the next */
  readonly mirrorsFolder: string;
  /** for this run alone */
  readonly runFolder: string;
  readonly hooksFolder: string;
  /** where git gets credentials */
  readonly hooks: HookSocket;
  /** where programs are found */
  readonly path: string;
  readonly limits: UpstreamLimits;
  /** aborted when the gate closes */
  readonly signal: AbortSignal;
}

/** from announcing refs to a client's next request for them */
const FRESH_MS = 10_000;
/** what was too large is not fetched again for so long */
const TOO_LARGE_MS = 60_000;
const STALE = AbortSignal.abort();
const DISK_FULL = /No space left on device|Disk quota exceeded/;
const FSCK = /fsck error|^error: object [0-9a-f]{40,}: \w+: /m;

/** One declared remote: its mirror, and the way to upstream with the key or token. */
export class Remote {
  readonly declaration: RemoteDeclaration;
  readonly mirror: Mirror;
  readonly upstream: Upstream;
  readonly #access: Access;
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #patienceMs: number;
  readonly #turns = new Turns(1);
  #waiting: Promise<void> | undefined;
  #suspect = false;
  readonly #watchers = new Set<(line: string) => void>();
  #knowsFormat = false;
  /** aborted when the last refresh is too long ago */
  #fresh: AbortSignal = STALE;
  /** aborted when what upstream has may be fetched */
  #tooLarge: AbortSignal = STALE;

  private constructor(parts: RemoteParts, mirror: Mirror, folder: string, access: Access) {
    const { declaration, limits, signal, path } = parts;
    this.declaration = declaration;
    this.mirror = mirror;
    this.#access = access;
    this.#folder = folder;
    this.#maxBytes = limits.maxMirrorBytes;
    this.#patienceMs = limits.patienceMs;
    const environment = gitEnvironment(path);
    this.upstream = new Upstream({ url: declaration.policy.url, access, environment, limits, signal });
  }

  /** Throws RemoteFailure when the identity cannot be used or the mirror cannot be made. */
  static async open(parts: RemoteParts): Promise<Remote> {
    const { policy } = parts.declaration;
    const gitDir = join(parts.mirrorsFolder, `${policy.name}.git`);
    const mirror = new Mirror({
      gitDir,
      configOf: (format) => mirrorConfig(parts.hooksFolder, policy, format),
      environment: gitEnvironment(parts.path),
      signal: parts.signal,
    });
    mkdirSync(parts.runFolder, { recursive: true, mode: 0o700 });
    // sockets have short paths, and remotes may have long names
    const folder = mkdtempSync(join(parts.runFolder, "r"));
    try {
      await mirror.open();
      return new Remote(parts, mirror, folder, await openAccess(parts, folder));
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      if (error instanceof RemoteFailure) throw error;
      throw new RemoteFailure("MirrorUnusable", "the mirror of this remote cannot be made", { cause: error });
    }
  }

  /** For when the signal is aborted; waits for what nobody waits for any more, such as a refresh behind an answer. */
  async close(): Promise<void> {
    await this.#turns.take(() => Promise.resolve());
    await this.#access.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /**
   * Brings the mirror to what upstream has at some moment after this call; throws UpstreamError when it cannot, and
   * RemoteFailure when the mirror cannot take it. Callers that wait at the same time share one refresh, but none takes
   * one that began before it asked.
   */
  refresh(): Promise<void> {
    this.#waiting ??= this.#turns.take(async () => {
      // a turn that is free is taken at once, before the line above is done
      await Promise.resolve();
      this.#waiting = undefined;
      await this.#refreshInTurn();
      // its own turn, so that nobody waits for it who need not
      void this.#turns.take(() => this.mirror.tidy());
    });
    return this.#waiting;
  }

  /** Whether the mirror was what upstream is a moment ago. */
  get isFresh(): boolean {
    return !this.#fresh.aborted;
  }

  /** Makes sure that the mirror names objects as upstream does, or did when it was asked last. */
  async learnFormat(): Promise<void> {
    if (this.#knowsFormat) return;
    const { format } = await this.upstream.list();
    if (format !== this.mirror.format) await this.#turns.take(() => this.mirror.useFormat(format));
    this.#knowsFormat = true;
  }

  /** What upstream has now. Where the mirror has something else, it is brought there from now on. */
  async announce(): Promise<Listing> {
    const fresh = AbortSignal.timeout(FRESH_MS);
    const listing = await this.upstream.list();
    const isMirrored = this.#turns.isFree && !this.#suspect && (await this.#has(listing).catch(() => false));
    if (isMirrored) this.#fresh = fresh;
    else {
      this.#fresh = STALE;
      this.refresh().catch(() => undefined); // who asks for objects next is told
    }
    return listing;
  }

  /** Tells what upstream says of its progress from now on, until the result is called. */
  watch(watcher: (line: string) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** A refresh unless there was one a moment ago: for who has been given the refs. Takes as long as it takes. */
  async refreshUnlessFresh(): Promise<void> {
    if (!this.isFresh) await this.refresh();
  }

  /**
   * The same for a client, who gets an UpstreamError when it has waited for long: git tells it nothing before it has the
   * refs. The refresh goes on.
   */
  async refreshSoon(): Promise<void> {
    const impatient = AbortSignal.timeout(this.#patienceMs);
    const waited = new Promise<never>((_, fail) => {
      impatient.addEventListener("abort", () => fail(stillFetching()));
    });
    await Promise.race([this.refresh(), waited]);
  }

  /** The same for who follows a request that was refreshed for: that one counts, when it was a moment ago. */
  async refreshSoonUnlessFresh(): Promise<void> {
    if (!this.isFresh) await this.refreshSoon();
  }

  /**
   * Moves refs of the mirror that upstream moved at this gate's word. Where something else moves refs just now, or they
   * are elsewhere, the next refresh sees to it.
   */
  async follow(updates: readonly RefUpdate[]): Promise<void> {
    if (this.#turns.isFree) await this.#turns.take(() => this.mirror.moveRefs(updates));
  }

  /** Notes that git stumbled over the mirror; it is looked at before the next refresh. */
  suspect(): void {
    this.#suspect = true;
    this.#fresh = STALE;
  }

  async #refreshInTurn(): Promise<void> {
    const fresh = AbortSignal.timeout(FRESH_MS);
    const listing = await this.upstream.list();
    if (this.#suspect) await this.#mend();
    try {
      await this.#follow(listing);
    } catch (error) {
      if (!(error instanceof MirrorError)) throw error;
      await this.#mend();
      await this.#follow(listing);
    }
    this.#fresh = fresh;
  }

  async #follow(listing: Listing): Promise<void> {
    await this.mirror.useFormat(listing.format);
    this.#knowsFormat = true;
    // pushes may bring what no ref leads to; what upstream has is fetched anew
    if (this.mirror.size() > this.#maxBytes) await this.mirror.rebuild();
    if (!(await this.#has(listing))) await this.#fetch();
    if (listing.head !== undefined) await this.mirror.pointHead(listing.head);
  }

  async #has(listing: Listing): Promise<boolean> {
    return isSame(await this.mirror.refs(), listing.refs);
  }

  async #fetch(): Promise<void> {
    if (!this.#tooLarge.aborted) throw this.#moreThanKept();
    const room = this.#maxBytes - this.mirror.size();
    if (room > 0 && (await this.#fetchInto(room))) return;
    // what upstream has no more is in the mirror, too: without that, there may be room
    await this.mirror.rebuild();
    if (await this.#fetchInto(this.#maxBytes)) return;
    this.#tooLarge = AbortSignal.timeout(TOO_LARGE_MS);
    throw this.#moreThanKept();
  }

  /** False when that is more than so many bytes; throws when it fails otherwise. */
  async #fetchInto(room: number): Promise<boolean> {
    const end = await this.upstream.fetch(this.mirror.gitDir, room, (line) => {
      for (const tell of this.#watchers) tell(line);
    });
    const isTooLarge = this.mirror.removeHalves() >= room;
    if (end.ok || isTooLarge) return end.ok;
    const error = errorOf(end);
    if (error !== undefined) throw error;
    // either the mirror is corrupt or upstream sends what cannot be taken: a sound mirror is kept
    if (await this.mirror.isSound()) throw unreachable(end);
    throw new MirrorError("the mirror is corrupt");
  }

  #moreThanKept(): RemoteFailure {
    const most = `${Math.floor(this.#maxBytes / MEGABYTE)} MB`;
    return new RemoteFailure(
      "MirrorUnusable",
      `upstream has more than the gate keeps of one remote: ${most}`,
    );
  }

  async #mend(): Promise<void> {
    if (!(await this.mirror.isSound())) await this.mirror.rebuild();
    this.#suspect = false;
  }
}

const MEGABYTE = 1024 * 1024;

const stillFetching = (): UpstreamError =>
  new UpstreamError(
    "StillFetching",
    "the gate is still fetching from upstream, and goes on: try again in a minute",
  );

/** What made a fetch fail, where the mirror is not to be suspected. */
function errorOf(end: ChildEnd): Error | undefined {
  if (DISK_FULL.test(end.stderr))
    return new RemoteFailure("MirrorUnusable", "the gate's disk has no room for what upstream has");
  if (FSCK.test(end.stderr)) {
    const [, what = ""] = /^error: (object .*)$/m.exec(end.stderr) ?? [];
    return new UpstreamError("UpstreamCorrupt", `upstream has what git refuses to take: ${plainText(what)}`);
  }
  return upstreamErrorOf(end);
}

function openAccess({ declaration, path, limits, ...parts }: RemoteParts, folder: string): Promise<Access> {
  const { policy, secret } = declaration;
  if (policy.transport === "https") {
    const { hooks, hooksFolder } = parts;
    const { url, caBundle } = policy;
    return Promise.resolve(new HttpsAccess({ folder, hooksFolder, hooks, url, secret, caBundle }));
  }
  const destination = sshDestinationOf(policy.url);
  return SshAccess.open({
    folder,
    destination,
    knownHost: policy.knownHost ?? "",
    privateKey: secret ?? "",
    path,
    idleMs: limits.idleMs,
  });
}

function isSame(some: Refs, others: Refs): boolean {
  return some.size === others.size && [...some].every(([ref, id]) => others.get(ref) === id);
}
