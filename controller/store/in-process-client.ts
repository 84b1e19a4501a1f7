import type { ApiObject } from "../../crds/metadata.ts";
import type { ResourceDefinition } from "../../crds/resources.ts";
import { describeErrors, validate } from "../../crds/validation.ts";
import { InvalidError, NotFoundError } from "../../reconcilers/contract/errors.ts";
import type {
  Draft,
  ResourceClient,
  WatchEvent,
  WatchOptions,
} from "../../reconcilers/contract/resource-client.ts";
import type { Clock } from "../engine/index.ts";
import { mergePatch } from "./merge-patch.ts";
import type { ResourceStore } from "./resource-store.ts";

/**
 * ResourceClient on a store in the same process. What is written is held
 * against the kind's schema first, as an API server would.
 */
export function createInProcessClient(store: ResourceStore, clock: Clock): ResourceClient {
  return {
    get: (of, ref, signal) => answer(signal, () => store.get(of, ref)),
    list: (of, options, signal) => answer(signal, () => store.list(of, options)),
    create: (of, object, signal) =>
      answer(signal, () => {
        assertValid(of, object);
        return store.create(of, object);
      }),
    update: (of, object, signal) =>
      answer(signal, () => {
        assertValid(of, object);
        return store.update(of, object);
      }),
    patchStatus: (of, { resourceVersion, ...ref }, status, signal) =>
      answer(signal, () => {
        const found = store.get(of, ref);
        if (found === undefined) throw new NotFoundError(`${of.plural} "${ref.name}" not found`);
        const merged = mergePatch({ status: {}, ...found }, { status }) as typeof found;
        const metadata = {
          ...found.metadata,
          resourceVersion: resourceVersion ?? found.metadata.resourceVersion,
        };
        const next = { ...merged, metadata };
        assertValid(of, next);
        return store.updateStatus(of, next);
      }),
    delete: (of, { uid, ...ref }, signal) => answer(signal, () => void store.delete(of, ref, { uid })),
    watch: (of, options, signal) => watch(store, clock, { of, ...options }, signal),
  };
}

/** The store answers at once; a failure still has to arrive as a rejection. */
async function answer<R>(signal: AbortSignal, act: () => R): Promise<R> {
  signal.throwIfAborted();
  return act();
}

function assertValid<T extends ApiObject>(of: ResourceDefinition<T>, object: Draft<T>): void {
  const errors = validate(of, object);
  if (errors.length === 0) return;
  throw new InvalidError(`${of.kind} "${object.metadata.name}" is invalid: ${describeErrors(errors)}`);
}

async function* watch<T extends ApiObject>(
  store: ResourceStore,
  clock: Clock,
  options: WatchOptions & { readonly of: ResourceDefinition<T> },
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<T>, void> {
  signal.throwIfAborted();
  const changes = store.watch(options.of, options);
  const close = (): void => changes.close();
  const { timeoutSeconds } = options;
  const cancel = timeoutSeconds === undefined ? undefined : clock.after(timeoutSeconds * 1000, close);
  signal.addEventListener("abort", close, { once: true });
  try {
    yield* changes;
    signal.throwIfAborted();
    // the last word of a watch that timed out: the next one goes on from here
    yield { type: "BOOKMARK", resourceVersion: changes.resourceVersion };
  } finally {
    cancel?.();
    signal.removeEventListener("abort", close);
    close();
  }
}
