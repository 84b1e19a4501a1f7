import type { Rule } from "./rule.ts";
import data from "./rules.json" with { type: "json" };

/** What is never let out of a bottle, whoever asks for it. Each rule's hits and misses are tests. */
export const rules = data as readonly Rule[];
