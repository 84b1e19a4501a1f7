import type { ApiObject } from "../../crds/metadata.ts";
import type { Logger } from "./logger.ts";

/** Names an object that was seen once. */
export interface SeenObject {
  readonly namespace: string | undefined;
  readonly name: string;
  readonly uid: string;
}

/** Is told of changes. What it throws is logged and disturbs nobody. */
export interface ChangeHandler<T extends ApiObject> {
  /** the object is new, or differs from what was seen last */
  changed(object: T): void;
  /** the object is gone; when its name has a new object, `changed` follows */
  gone(object: SeenObject): void;
}

/** What was seen of a kind last: turns states and events into changes, each told once, in order, by uid. */
export class Known<T extends ApiObject> {
  readonly #handler: ChangeHandler<T>;
  readonly #logger: Logger;
  readonly #resource: string;
  readonly #seen = new Map<string, SeenObject & { readonly resourceVersion: string }>();

  constructor(handler: ChangeHandler<T>, logger: Logger, resource: string) {
    this.#handler = handler;
    this.#logger = logger;
    this.#resource = resource;
  }

  /** The whole of a fresh list. */
  replace(objects: readonly T[]): void {
    const present = new Set(objects.map(keyOf));
    for (const [key, seen] of this.#seen) if (!present.has(key)) this.#tellGone(key, seen);
    for (const object of objects) this.put(object);
  }

  put(object: T): void {
    const key = keyOf(object);
    const { namespace, name, uid, resourceVersion } = object.metadata;
    const seen = this.#seen.get(key);
    if (seen?.uid === uid && seen.resourceVersion === resourceVersion) return;
    if (seen !== undefined && seen.uid !== uid) this.#tellGone(key, seen);
    this.#seen.set(key, { namespace, name, uid, resourceVersion });
    this.#tell(key, () => this.#handler.changed(object));
  }

  /** An object was removed; when another one has its name by now, that one stays. */
  remove(object: T): void {
    const key = keyOf(object);
    const seen = this.#seen.get(key);
    if (seen?.uid === object.metadata.uid) this.#tellGone(key, seen);
  }

  #tellGone(key: string, { namespace, name, uid }: SeenObject): void {
    this.#seen.delete(key);
    this.#tell(key, () => this.#handler.gone({ namespace, name, uid }));
  }

  #tell(key: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#logger.error({ resource: this.#resource, key, err: error }, "a handler of changes failed");
    }
  }
}

const keyOf = ({ metadata }: ApiObject): string => `${metadata.namespace ?? ""}/${metadata.name}`;
