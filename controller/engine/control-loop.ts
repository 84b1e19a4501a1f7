import { randomUUID } from "node:crypto";
import type { Pass, Reconciler, Request } from "../../reconcilers/contract/reconciler.ts";
import type { Result } from "../../reconcilers/contract/result.ts";
import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";
import type { WorkQueue } from "./work-queue.ts";

/** A pass is aborted after this time. */
export const PASS_DEADLINE_MS = 60_000;
/** Passes in a row that only made progress, after which something must be wrong. */
export const MOST_PROGRESS = 100;

/** What a loop is made of. */
export interface ControlLoopOptions {
  readonly reconciler: Reconciler;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly logger: Logger;
  /** passes at a time, each for another key */
  readonly workers: number;
}

/** The queue's key of an object. */
export const keyOf = ({ namespace, name }: Request): string => `${namespace}/${name}`;

/** The object of a queue's key. */
function requestOf(key: string): Request {
  const slash = key.indexOf("/");
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/**
 * Runs passes until `signal` is aborted; that aborts those in flight too, and
 * the promise resolves when the last of them has ended. What a reconciler
 * throws is a retry and never reaches the caller.
 */
export async function runControlLoop(options: ControlLoopOptions, signal: AbortSignal): Promise<void> {
  const { queue } = options;
  if (signal.aborted) return queue.close();
  signal.addEventListener("abort", () => queue.close(), { once: true });
  const progress = new Map<string, number>();
  await Promise.all(Array.from({ length: options.workers }, () => work(options, progress, signal)));
}

async function work(
  options: ControlLoopOptions,
  progress: Map<string, number>,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const key = await options.queue.take();
    if (key === undefined || signal.aborted) return;
    const pass = randomUUID();
    const result = await runPass(key, pass, options, signal);
    // what a stopping controller's aborted pass says is no failure of the pass
    if (!signal.aborted) settle({ key, pass }, limited(key, result, progress), options);
    options.queue.done(key);
  }
}

async function runPass(
  key: string,
  id: string,
  options: ControlLoopOptions,
  signal: AbortSignal,
): Promise<Result> {
  const { clock, logger, reconciler } = options;
  const deadline = new AbortController();
  const cancel = clock.after(PASS_DEADLINE_MS, () => {
    // the worker goes on waiting: a second pass beside one that does not end would be worse
    logger.warn({ reconciler: reconciler.name, key, pass: id }, "pass is past its deadline");
    deadline.abort(new Error(`the pass took longer than ${PASS_DEADLINE_MS / 1000} s`));
  });
  const pass: Pass = { id, now: clock.now(), signal: AbortSignal.any([signal, deadline.signal]) };
  try {
    return await reconciler.reconcile(requestOf(key), pass);
  } catch (error) {
    return { kind: "retry", error };
  } finally {
    cancel();
  }
}

/** Progress without end is a failure, or it would keep a processor busy for ever. */
function limited(key: string, result: Result, progress: Map<string, number>): Result {
  const isProgress = result.kind === "wait" && result.afterMs <= 0;
  const passes = isProgress ? (progress.get(key) ?? 0) + 1 : 0;
  if (passes === 0 || passes > MOST_PROGRESS) progress.delete(key);
  else progress.set(key, passes);
  if (passes <= MOST_PROGRESS) return result;
  return {
    kind: "retry",
    error: new Error(`${MOST_PROGRESS} passes in a row made progress and none came to an end`),
  };
}

function settle(
  about: { readonly key: string; readonly pass: string },
  result: Result,
  { queue, logger, reconciler }: ControlLoopOptions,
): void {
  const { key } = about;
  const fields = { reconciler: reconciler.name, ...about };
  if (result.kind !== "retry") queue.forgetFailures(key);
  switch (result.kind) {
    case "settled":
      logger.debug(fields, "pass settled");
      return;
    case "wait":
      queue.addAfter(key, result.afterMs);
      logger.debug({ ...fields, afterMs: result.afterMs, reason: result.reason }, "pass waits");
      return;
    case "retry": {
      const afterMs = queue.addAfterFailure(key);
      logger.error({ ...fields, afterMs, err: result.error }, "pass failed");
      return;
    }
    case "stalled":
      logger.warn({ ...fields, reason: result.reason, err: result.error }, "pass stalled");
      return;
    default:
      result satisfies never;
  }
}
