import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { ResourceDefinition } from "../../crds/resources.ts";
import type { ApiObject } from "../../crds/metadata.ts";
import { createLogger, type Clock } from "../../controller/engine/index.ts";
import { openSqliteStore, type ResourceStore } from "../../controller/store/index.ts";
import { aDraft } from "./store-draft.ts";
import type { WatchEvent } from "../../reconcilers/contract/resource-client.ts";

export { aDraft };

/** A clock that stands still until it is moved. */
export class ManualClock implements Clock {
  #now: number;
  #timers: { readonly at: number; readonly call: () => void }[] = [];

  constructor(now = Date.parse("2026-06-01T12:00:00Z")) {
    this.#now = now;
  }

  now(): Date {
    return new Date(this.#now);
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#now + ms, call };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** timers that have not fired */
  get pending(): number {
    return this.#timers.length;
  }

  /** moves on and fires what is due, in order, what it starts included */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.call();
    }
    this.#now = end;
  }
}

/** A logger of every level, and what it wrote: all lines, or those with a message. */
export function aLogger() {
  const written: { readonly msg: string }[] = [];
  const destination = { write: (line: string) => void written.push(JSON.parse(line) as { msg: string }) };
  const lines = (message?: string) => written.filter(({ msg }) => message === undefined || msg === message);
  return { logger: createLogger({ level: "debug", destination }), lines };
}

/** A folder that is removed when the test has ended. */
export function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "bot-bottle-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A store in a folder of its own, closed when the test has ended. */
export function aStore(clock: Clock = new ManualClock(), directory = aFolder()): ResourceStore {
  const store = openSqliteStore({ directory, clock });
  onTestFinished(() => store.close());
  return store;
}

/** Names a namespaced object. */
export const ref = (name: string, namespace = "default") => ({ namespace, name });

/** A Namespace to be written. */
export const aNamespace = (name: string) => ({
  apiVersion: "v1" as const,
  kind: "Namespace" as const,
  metadata: { name },
});

/** An Event to be written. */
export const anEvent = (name: string) => ({
  apiVersion: "v1" as const,
  kind: "Event" as const,
  metadata: ref(name),
  involvedObject: { apiVersion: "v1", kind: "Bottle", name: "a" },
  reason: "Started",
  message: "m",
  type: "Normal" as const,
});

/** What a watch has said so far, read without end until the test has ended. */
export function changesOf<T extends ApiObject>(
  store: ResourceStore,
  of: ResourceDefinition<T>,
  options: object = {},
) {
  const seen: string[] = [];
  const events: WatchEvent<T>[] = [];
  const watch = store.watch<T>(of, { resourceVersion: store.resourceVersion, ...options });
  const read = async () => {
    for await (const event of watch) {
      events.push(event);
      seen.push(event.type === "BOOKMARK" ? "BOOKMARK" : `${event.type} ${event.object.metadata.name}`);
    }
  };
  const ended = read();
  ended.catch(() => {}); // who cares awaits `ended`
  onTestFinished(() => watch.close());
  return { seen, events, watch, ended };
}
