import { randomUUID } from "node:crypto";
import { events, type Event } from "../../crds/core.ts";
import type { ApiObject } from "../../crds/metadata.ts";
import { ConflictError, NotFoundError } from "../../reconcilers/contract/errors.ts";
import type { EventRecorder } from "../../reconcilers/contract/event-recorder.ts";
import type { ResourceClient } from "../../reconcilers/contract/resource-client.ts";
import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";

/** Repeats within this time raise the count of one Event. */
export const REPEAT_MS = 10 * 60_000;
/** Different Events of one object within that time; what is beyond is dropped, or an agent could fill the disk. */
export const MOST_PER_OBJECT = 50;
/** the API's own limit of a message */
const MAX_MESSAGE = 1024;
const COMPONENT = "bot-bottle";

interface Recorded {
  readonly about: ApiObject;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly firstAt: Date;
  lastAt: Date;
  count: number;
  written: Event | undefined;
}

/** EventRecorder that writes in the background; `flush` resolves when all that was recorded is written or given up. */
export function createEventRecorder(dependencies: {
  readonly client: ResourceClient;
  readonly clock: Clock;
  readonly logger: Logger;
}): EventRecorder & { flush(): Promise<void> } {
  return new BackgroundRecorder(dependencies);
}

class BackgroundRecorder implements EventRecorder {
  readonly #dependencies: Parameters<typeof createEventRecorder>[0];
  /** by object, type, reason and message; oldest first */
  readonly #recorded = new Map<string, Recorded>();
  readonly #writing = new Map<Recorded, Promise<void>>();
  readonly #perObject = new Map<string, number>();

  constructor(dependencies: Parameters<typeof createEventRecorder>[0]) {
    this.#dependencies = dependencies;
  }

  record(about: ApiObject, event: Parameters<EventRecorder["record"]>[1]): void {
    const now = this.#dependencies.clock.now();
    this.#forgetBefore(now.getTime() - REPEAT_MS);
    const message = event.message.slice(0, MAX_MESSAGE);
    const place = JSON.stringify([about.metadata.uid, event.type, event.reason, message]);
    const known = this.#recorded.get(place);
    if (known === undefined && !this.#mayRecord(about)) return;
    const recorded = known ?? {
      about,
      ...event,
      message,
      firstAt: now,
      lastAt: now,
      count: 0,
      written: undefined,
    };
    recorded.count += 1;
    recorded.lastAt = now;
    // moved to the end: the oldest are forgotten first
    this.#recorded.delete(place);
    this.#recorded.set(place, recorded);
    // repeats that come while one is being written are written together after it
    if (!this.#writing.has(recorded)) {
      const writing = this.#write(recorded).finally(() => this.#writing.delete(recorded));
      this.#writing.set(recorded, writing);
    }
  }

  async flush(): Promise<void> {
    while (this.#writing.size > 0) await Promise.all(this.#writing.values());
  }

  #mayRecord({ metadata }: ApiObject): boolean {
    const count = this.#perObject.get(metadata.uid) ?? 0;
    if (count >= MOST_PER_OBJECT) {
      this.#dependencies.logger.debug(
        { key: `${metadata.namespace}/${metadata.name}` },
        "too many Events, one dropped",
      );
      return false;
    }
    this.#perObject.set(metadata.uid, count + 1);
    return true;
  }

  #forgetBefore(time: number): void {
    for (const [place, { lastAt, about }] of this.#recorded) {
      if (lastAt.getTime() >= time) return;
      const { uid } = about.metadata;
      this.#recorded.delete(place);
      const count = (this.#perObject.get(uid) ?? 1) - 1;
      if (count === 0) this.#perObject.delete(uid);
      else this.#perObject.set(uid, count);
    }
  }

  async #write(recorded: Recorded): Promise<void> {
    const { logger } = this.#dependencies;
    try {
      for (let count = 0; count < recorded.count;) {
        count = recorded.count;
        recorded.written = await this.#writeOnce(recorded);
      }
    } catch (error) {
      const { namespace, name } = recorded.about.metadata;
      logger.warn(
        { key: `${namespace}/${name}`, reason: recorded.reason, err: error },
        "an Event was not written",
      );
    }
  }

  async #writeOnce(recorded: Recorded): Promise<Event> {
    const { client } = this.#dependencies;
    const signal = AbortSignal.timeout(10_000);
    if (recorded.written === undefined) return await client.create(events, eventOf(recorded), signal);
    const repeat = { count: recorded.count, lastTimestamp: moment(recorded.lastAt) };
    try {
      return await client.update(events, { ...recorded.written, ...repeat }, signal);
    } catch (error) {
      if (!(error instanceof NotFoundError || error instanceof ConflictError)) throw error;
      // somebody removed or changed it
      return await client.create(events, eventOf(recorded), signal);
    }
  }
}

function eventOf({ about, type, reason, message, firstAt, lastAt, count }: Recorded): Omit<
  Event,
  "metadata"
> & {
  metadata: { namespace: string; name: string };
} {
  const { namespace = "default", name, uid, resourceVersion } = about.metadata;
  const involved = { apiVersion: about.apiVersion, kind: about.kind, namespace, name, uid, resourceVersion };
  return {
    apiVersion: "v1",
    kind: "Event",
    // the object's name shortened, for an Event's own name has the same limit
    metadata: { namespace, name: `${name.slice(0, 200)}.${randomUUID().replaceAll("-", "").slice(0, 16)}` },
    involvedObject: involved,
    ...{ type, reason, message, count },
    firstTimestamp: moment(firstAt),
    lastTimestamp: moment(lastAt),
    source: { component: COMPONENT },
    reportingComponent: COMPONENT,
    reportingInstance: "",
  };
}

const moment = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;
