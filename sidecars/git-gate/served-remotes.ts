import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Turns } from "../shared/turns.ts";
import { RemoteFailure } from "./contract.ts";
import { ServedRemote } from "./served-remote.ts";
import { checkDeclarations, type RemoteDeclaration } from "./upstream/remote-declaration.ts";
import { Remote, type RemoteParts } from "./upstream/remote.ts";

/** The remotes that a gate serves, by name. */
export class ServedRemotes {
  readonly #parts: Omit<RemoteParts, "declaration" | "signal">;
  readonly #remotes = new Map<string, ServedRemote>();
  readonly #turns = new Turns(1);

  constructor(parts: Omit<RemoteParts, "declaration" | "signal">) {
    this.#parts = parts;
  }

  get(name: string): ServedRemote | undefined {
    return this.#remotes.get(name);
  }

  get names(): readonly string[] {
    return [...this.#remotes.keys()];
  }

  /**
   * Serves these remotes and no others. One that is declared as it was goes on as it is, unless it could not be opened;
   * of one that changed or is gone, everything is ended first. Resolves to those that are served, which may be opening.
   */
  configure(remotes: readonly RemoteDeclaration[]): Promise<readonly ServedRemote[]> {
    return this.#turns.take(async () => {
      await this.#endAllBut(remotes);
      await this.#removeMirrors(new Set(remotes.map(({ policy }) => `${policy.name}.git`)));
      for (const declaration of remotes) {
        if (this.#remotes.has(declaration.policy.name)) continue;
        const served = new ServedRemote(declaration, (signal) => this.#open(declaration, signal));
        this.#remotes.set(served.name, served);
      }
      return [...this.#remotes.values()];
    });
  }

  /** Ends every request to them, and every process of theirs. */
  async close(): Promise<void> {
    await this.#turns.take(() => this.#endAllBut([]));
  }

  async #endAllBut(remotes: readonly RemoteDeclaration[]): Promise<void> {
    const wanted = new Set(remotes.map((declaration) => JSON.stringify(declaration)));
    const isKept = ({ declaration, isBroken }: ServedRemote): boolean =>
      !isBroken && wanted.has(JSON.stringify(declaration));
    const ending = [...this.#remotes.values()].filter((served) => !isKept(served));
    for (const { name } of ending) this.#remotes.delete(name);
    await Promise.all(ending.map((served) => served.close()));
  }

  async #removeMirrors(kept: ReadonlySet<string>): Promise<void> {
    const { mirrorsFolder } = this.#parts;
    const mirrors = (await readdir(mirrorsFolder)).filter((name) => name.endsWith(".git"));
    for (const name of mirrors) {
      if (!kept.has(name)) await rm(join(mirrorsFolder, name), { recursive: true, force: true });
    }
  }

  async #open(declaration: RemoteDeclaration, signal: AbortSignal): Promise<Remote> {
    if (declaration.obstacle !== undefined) throw new RemoteFailure("IdentityUnusable", declaration.obstacle);
    try {
      checkDeclarations([declaration]);
    } catch (error) {
      throw new RemoteFailure("IdentityUnusable", (error as Error).message);
    }
    return Remote.open({ ...this.#parts, declaration, signal });
  }
}
