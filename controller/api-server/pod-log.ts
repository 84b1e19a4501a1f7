import { SandboxNotFoundError } from "../../reconcilers/contract/errors.ts";
import type { LogLine, LogOptions, SandboxLogs } from "../../reconcilers/contract/sandbox-exec.ts";
import type { Clock } from "../engine/index.ts";
import type { ResourceStore } from "../store/index.ts";
import type { Answer } from "./answer.ts";
import type { ResourceExchange } from "./exchange.ts";
import { type PodContainer, podContainerOf } from "./pod-container.ts";
import { given } from "./read.ts";
import { badRequest } from "./status-error.ts";

/** How long the first line may keep the head of the answer waiting. */
const FIRST_LINE_MS = 300;

/** `GET pods/NAME/log`. */
export function createPodLog(about: {
  readonly store: ResourceStore;
  readonly logs: SandboxLogs;
  readonly clock: Clock;
}): (exchange: ResourceExchange) => Promise<Answer> {
  return async (exchange) => {
    const container = podContainerOf(exchange, about.store);
    const options = logOptionsOf(exchange.query, about.clock.now());
    const form = formOf(exchange.query);
    if (exchange.query.get("previous") === "true") throw noPrevious(container);
    const read = about.logs.logs(container.sandbox, options, exchange.signal)[Symbol.asyncIterator]();
    const first = read.next();
    // A sandbox that is not there shows at the first read, and can only be told before the head is sent.
    await Promise.race([
      first.catch((error: unknown) => refuse(error, container)),
      delay(about.clock, FIRST_LINE_MS),
    ]);
    const chunks = textOf(first, read, { form, signal: exchange.signal });
    return { kind: "stream", mediaType: "text/plain; charset=utf-8", chunks };
  };
}

interface LogForm {
  readonly withTime: boolean;
  readonly limitBytes: number;
}

const formOf = (query: URLSearchParams): LogForm => ({
  withTime: query.get("timestamps") === "true",
  limitBytes: wholeNumber(query, "limitBytes") ?? Infinity,
});

async function* textOf(
  first: Promise<IteratorResult<LogLine>>,
  read: AsyncIterator<LogLine>,
  { form, signal }: { readonly form: LogForm; readonly signal: AbortSignal },
): AsyncGenerator<string> {
  let left = form.limitBytes;
  try {
    for (let next = await first; next.done !== true && left > 0; next = await read.next()) {
      const { time, text } = next.value;
      const line = Buffer.from(form.withTime ? `${time.toISOString()} ${text}\n` : `${text}\n`);
      yield line.subarray(0, Math.min(left, line.length)).toString();
      left -= line.length;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await read.return?.();
  }
}

function logOptionsOf(query: URLSearchParams, now: Date): LogOptions {
  const tailLines = wholeNumber(query, "tailLines");
  return {
    follow: query.get("follow") === "true",
    ...(tailLines === undefined ? {} : { tailLines }),
    ...sinceOf(query, now),
  };
}

function sinceOf(query: URLSearchParams, now: Date): { since?: Date } {
  const seconds = wholeNumber(query, "sinceSeconds");
  const time = given(query, "sinceTime");
  if (seconds !== undefined && time !== undefined)
    throw badRequest("give sinceSeconds or sinceTime, not both");
  if (seconds !== undefined) return { since: new Date(now.getTime() - seconds * 1000) };
  if (time === undefined) return {};
  const since = new Date(time);
  if (Number.isNaN(since.getTime())) throw badRequest("sinceTime must be an RFC 3339 moment");
  return { since };
}

function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = given(query, name);
  if (text === undefined) return undefined;
  if (!/^\d{1,12}$/.test(text)) throw badRequest(`${name} must be a whole number`);
  return Number(text);
}

const noPrevious = ({ role, bottle }: PodContainer): Error =>
  badRequest(`previous terminated container "${role}" in pod "${bottle.metadata.name}" not found`);

function refuse(error: unknown, { role, bottle }: PodContainer): never {
  if (!(error instanceof SandboxNotFoundError)) throw error;
  const ready = bottle.status?.conditions?.find(({ type }) => type === "Ready");
  const because = ready === undefined ? "it has not been observed yet" : `${ready.reason}: ${ready.message}`;
  throw badRequest(`container "${role}" in pod "${bottle.metadata.name}" does not exist (${because})`);
}

const delay = (clock: Clock, ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));
