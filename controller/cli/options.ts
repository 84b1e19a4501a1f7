import { InvalidArgumentError, Option } from "commander";
import { parseDuration } from "./clock.ts";

/** `-n NAMESPACE` */
export function namespaceOption(): Option {
  return new Option("-n, --namespace <name>", "namespace").default("default");
}

/** `-A` */
export function allNamespacesOption(): Option {
  return new Option("-A, --all-namespaces", "in every namespace");
}

/** `-l SELECTOR` */
export function selectorOption(): Option {
  return new Option("-l, --selector <selector>", "only objects with these labels, such as team=a,tier!=test");
}

/** `-o FORMAT` with the given formats */
export function outputOption(formats: readonly string[]): Option {
  return new Option("-o, --output <format>", "form of the output").choices(formats);
}

/** `--timeout DURATION`, in milliseconds; 0 waits for ever */
export function timeoutOption(what: string, byDefault: string): Option {
  return new Option("--timeout <duration>", `${what}, such as 30s or 5m; 0 waits for ever`)
    .argParser(durationOf)
    .default(durationOf(byDefault), byDefault);
}

/** Aborted with `signal`, or after `timeoutMs` unless that is 0. */
export function limitedBy(signal: AbortSignal, timeoutMs: number): AbortSignal {
  return timeoutMs === 0 ? signal : AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
}

/** Milliseconds of an option's text. */
export function durationOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError("It must be a duration such as 30s, 5m or 1h30m.");
  return ms;
}
