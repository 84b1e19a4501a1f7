import type { ResourceDefinition } from "../../../crds/resources.ts";

/** The name of a kind in the log and in messages, as Kubernetes writes it: `bottles.bot-bottle.dev`, `secrets`. */
export const resourceName = ({ plural, group }: ResourceDefinition): string =>
  group === "" ? plural : `${plural}.${group}`;

/** How an object is named in a message. */
export const describeObject = (of: ResourceDefinition, name: string): string =>
  `${resourceName(of)} "${name}"`;
