import type { Asked } from "./denial.ts";
import type { Exchange } from "./exchange.ts";

/** of a path that is shown: the audit is bounded, and long paths would push out what was there before */
const MAX_PATH_LENGTH = 512;

/** What an exchange asks for; undefined when host or path spell out a secret. */
export function askedOf(exchange: Exchange): Asked | undefined {
  exchange.asked ??= readAsked(exchange);
  return exchange.asked === "withheld" ? undefined : exchange.asked;
}

function readAsked(exchange: Exchange): Asked | "withheld" {
  const { method, host, port, path } = exchange.head;
  return isFitToPrint(exchange) ? { method, host, port, path: shortened(path) } : "withheld";
}

const shortened = (path: string): string =>
  path.length <= MAX_PATH_LENGTH ? path : `${path.slice(0, MAX_PATH_LENGTH)}… (${path.length} characters)`;

function isFitToPrint({ head, headIsClean, enforcement }: Exchange): boolean {
  if (headIsClean) return true;
  const { method, host, path } = head;
  return enforcement.detector.inspectName(host, `${path} ${method}`).kind === "clean";
}
