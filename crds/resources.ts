import type * as z from "zod";
import { Agent } from "./agent.ts";
import { BottleClass } from "./bottle-class.ts";
import { Bottle } from "./bottle.ts";
import { GROUP, VERSION } from "./group.ts";
import type { ApiObject } from "./metadata.ts";

/** A column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "date";
  /** path in the object, in the JSONPath subset that CRDs allow */
  readonly jsonPath: string;
  readonly description: string;
  /** 0 is always shown, 1 with -o wide */
  readonly priority: 0 | 1;
}

/** What the API knows of one kind: its names, its scope and the schema of its objects. */
export interface ResourceDefinition<T extends ApiObject = ApiObject> {
  /** empty for the core group */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** longest name of an object; default what Kubernetes allows, 253 */
  readonly maxNameLength?: number;
  /** whether status is a subresource of its own */
  readonly hasStatus: boolean;
  readonly schema: z.ZodType<T>;
  readonly printerColumns: readonly PrinterColumn[];
}

const column = (name: string, jsonPath: string, description: string, priority: 0 | 1 = 0): PrinterColumn => ({
  name,
  type: name === "AGE" ? "date" : "string",
  jsonPath,
  description,
  priority,
});
const AGE = column("AGE", ".metadata.creationTimestamp", "time since it was created");
const own = { group: GROUP, version: VERSION, hasStatus: true };

export const bottles: ResourceDefinition<Bottle> = {
  ...own,
  kind: "Bottle",
  plural: "bottles",
  singular: "bottle",
  shortNames: ["btl"],
  categories: ["all", "bot-bottle"],
  namespaced: true,
  // The name becomes the value of a label, on Docker as on Kubernetes, and those end at 63.
  maxNameLength: 63,
  schema: Bottle,
  printerColumns: [
    column("READY", '.status.conditions[?(@.type=="Ready")].status', "whether the bottle can be worked in"),
    column("REASON", '.status.conditions[?(@.type=="Ready")].reason', "why it is, or is not"),
    column("PROVIDER", ".status.provider", "who works in it"),
    column("LABEL", ".spec.display.label", "label given by a person", 1),
    column("CLASS", ".spec.classRef.name", "BottleClass under it", 1),
    column("AGENT", ".spec.agentRef.name", "Agent in it", 1),
    column("RUNTIME", ".status.runtime", "where it runs", 1),
    AGE,
  ],
};

export const bottleClasses: ResourceDefinition<BottleClass> = {
  ...own,
  kind: "BottleClass",
  plural: "bottleclasses",
  singular: "bottleclass",
  shortNames: ["btlc"],
  categories: ["bot-bottle"],
  namespaced: false,
  schema: BottleClass,
  printerColumns: [
    column("EXTENDS", ".spec.extends", "class that this one overlays"),
    column("PROVIDER", ".spec.provider.name", "provider it names"),
    AGE,
  ],
};

export const agents: ResourceDefinition<Agent> = {
  ...own,
  kind: "Agent",
  plural: "agents",
  singular: "agent",
  shortNames: [],
  categories: ["bot-bottle"],
  namespaced: true,
  schema: Agent,
  printerColumns: [column("CLASS", ".spec.classRef.name", "BottleClass it works in"), AGE],
};

/** The kinds of this API, in the order in which they are listed and generated. */
export const resourceDefinitions: readonly ResourceDefinition[] = [bottles, bottleClasses, agents];
