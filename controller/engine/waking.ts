import type { Agent } from "../../crds/agent.ts";
import type { BottleClass } from "../../crds/bottle-class.ts";
import type { Bottle } from "../../crds/bottle.ts";
import type { Secret } from "../../crds/core.ts";
import type { ApiObject } from "../../crds/metadata.ts";
import { DependencyIndex } from "./dependency-index.ts";
import type { ChangeHandler, SeenObject } from "./known.ts";
import { bottleOf, nodes, usesOfAgent, usesOfBottle, usesOfClass } from "./references.ts";
import { keyOf } from "./control-loop.ts";

/**
 * Knows which Bottles a change concerns: of the Bottle itself, of its class or
 * a parent of that, of its Agent, of a Secret that any of them names. By an
 * index: what a change costs does not grow with the number of Bottles.
 */
export class Waking {
  readonly #index = new DependencyIndex();
  readonly #keyByUid = new Map<string, string>();
  readonly #wake: (key: string) => void;
  readonly #onBottleGone: () => void;

  constructor(told: { readonly wake: (key: string) => void; readonly onBottleGone: () => void }) {
    this.#wake = told.wake;
    this.#onBottleGone = told.onBottleGone;
  }

  /** Keys of all Bottles there are. */
  get keys(): Iterable<string> {
    return this.#keyByUid.values();
  }

  /** The key of the Bottle with this uid; undefined when none is known. */
  keyOfUid(uid: string): string | undefined {
    return this.#keyByUid.get(uid);
  }

  readonly bottles: ChangeHandler<Bottle> = {
    changed: (bottle) => {
      const place = placeOf(bottle.metadata);
      this.#keyByUid.set(bottle.metadata.uid, keyOf(place));
      this.#index.set(nodes.bottle(place.namespace, place.name), usesOfBottle(bottle));
      this.#wake(keyOf(place));
    },
    gone: (seen) => {
      const place = placeOf(seen);
      this.#keyByUid.delete(seen.uid);
      this.#index.remove(nodes.bottle(place.namespace, place.name));
      this.#wake(keyOf(place));
      this.#onBottleGone();
    },
  };

  readonly classes: ChangeHandler<BottleClass> = this.#through(
    ({ name }) => nodes.bottleClass(name),
    usesOfClass,
  );

  readonly agents: ChangeHandler<Agent> = this.#through(
    ({ namespace, name }) => nodes.agent(namespace, name),
    usesOfAgent,
  );

  readonly secrets: ChangeHandler<Secret> = {
    changed: ({ metadata }) => this.#wakeUsersOfSecret(placeOf(metadata)),
    gone: (seen) => this.#wakeUsersOfSecret(placeOf(seen)),
  };

  /** A kind that uses others and is used by Bottles. */
  #through<T extends ApiObject>(
    nodeOf: (place: Place) => string,
    usesOf: (object: T) => string[],
  ): ChangeHandler<T> {
    return {
      changed: (object) => {
        const node = nodeOf(placeOf(object.metadata));
        // those that came by the old uses need no waking of their own: they use this object
        this.#index.set(node, usesOf(object));
        this.#wakeDependentsOf(node);
      },
      gone: (seen) => {
        const node = nodeOf(placeOf(seen));
        this.#index.remove(node);
        this.#wakeDependentsOf(node);
      },
    };
  }

  /** Wakes those that use a Secret whose value is another now, though the object is the same. */
  secretRenewed(ref: { readonly name: string; readonly namespace?: string | undefined }): void {
    this.#wakeUsersOfSecret(placeOf(ref));
  }

  #wakeUsersOfSecret({ namespace, name }: Place): void {
    this.#wakeDependentsOf(nodes.secret(namespace, name));
    this.#wakeDependentsOf(nodes.secretName(name), namespace);
  }

  #wakeDependentsOf(node: string, namespace?: string): void {
    for (const dependent of this.#index.dependentsOf(node)) {
      const place = bottleOf(dependent);
      if (place !== undefined && (namespace === undefined || place.namespace === namespace))
        this.#wake(keyOf(place));
    }
  }
}

interface Place {
  readonly namespace: string;
  readonly name: string;
}

const placeOf = ({
  namespace,
  name,
}: Pick<SeenObject, "name"> & { readonly namespace?: string | undefined }): Place => ({
  namespace: namespace ?? "default",
  name,
});
