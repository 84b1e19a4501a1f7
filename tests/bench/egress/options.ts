import { parseArgs } from "node:util";

const SECTIONS = [
  "h1",
  "h2",
  "latency",
  "sse",
  "minting",
  "policy",
  "memory",
  "adversarial",
  "codex",
] as const;
export type Section = (typeof SECTIONS)[number];

export interface Options {
  readonly sections: ReadonlySet<Section>;
  readonly isQuick: boolean;
}

/** `--quick`, and `--only` with names of sections. Throws with the names there are. */
export function readOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: { quick: { type: "boolean", default: false }, only: { type: "string" } },
  });
  const wanted = values.only?.split(",") ?? SECTIONS;
  const unknown = wanted.find((name) => !SECTIONS.some((section) => section === name));
  if (unknown !== undefined) {
    throw new Error(`--only ${unknown}: there is no such section, only ${SECTIONS.join(", ")}`);
  }
  return { sections: new Set(wanted as Section[]), isQuick: values.quick };
}
