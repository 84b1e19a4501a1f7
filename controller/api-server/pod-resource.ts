import { type Bottle } from "../../crds/bottle.ts";
import { bottles } from "../../crds/resources.ts";
import type { ResourceStore } from "../store/index.ts";
import { podTable } from "./core-tables.ts";
import { pods } from "./pod-definition.ts";
import { podOfBottle } from "./pod-of-bottle.ts";
import type { ApiResource } from "./resource.ts";
import { mappedReader, storedReader } from "./stored-resource.ts";

/** Bottles as Pods: read-only, with logs, exec and attach. */
export function podResource(store: ResourceStore): ApiResource {
  return {
    definition: pods,
    verbs: ["get", "list", "watch"],
    subresources: [
      { name: "attach", kind: "PodAttachOptions", verbs: ["create", "get"] },
      { name: "exec", kind: "PodExecOptions", verbs: ["create", "get"] },
      { name: "log", verbs: ["get"] },
    ],
    patchTypes: [],
    custom: false,
    reader: mappedReader(storedReader(bottles, store), (bottle) => podOfBottle(bottle as Bottle)),
    table: podTable,
  };
}
