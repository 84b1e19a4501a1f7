import { createDetector, type Detector, type KnownValue } from "../../detection/index.ts";
import type { ScanPolicy } from "../../wire/git-policy.ts";
import { utf8Of } from "./finding.ts";
import { type Glob, globPattern } from "./glob.ts";
import type { PushedObject } from "./push-objects.ts";

/** What the owner accepts in which files, for both scanners; a known value is accepted nowhere. */
export class Baseline {
  readonly #accepted: readonly { readonly rule: string; readonly files: Glob }[];
  readonly #knownValues: readonly KnownValue[];
  readonly #detectors = new Map<string, Detector>();

  constructor(baseline: ScanPolicy["baseline"], knownValues: readonly KnownValue[]) {
    this.#accepted = baseline.map(({ rule, path }) => ({ rule, files: globPattern(path) }));
    this.#knownValues = knownValues;
  }

  accepts(object: PushedObject, rule: string): boolean {
    return this.#rulesOf(object).includes(rule);
  }

  /** A detector that looks for everything but what is accepted in the object, or everywhere when there is none. */
  detectorFor(object?: PushedObject): Detector {
    const withoutRules = object === undefined ? [] : this.#rulesOf(object);
    const key = withoutRules.join("\n");
    const detector =
      this.#detectors.get(key) ?? createDetector({ knownValues: this.#knownValues, withoutRules });
    this.#detectors.set(key, detector);
    return detector;
  }

  #rulesOf({ type, path }: PushedObject): string[] {
    if (this.#accepted.length === 0 || type !== "blob" || path === "") return [];
    const name = utf8Of(path);
    return this.#accepted.filter(({ files }) => files.test(name)).map(({ rule }) => rule);
  }
}
