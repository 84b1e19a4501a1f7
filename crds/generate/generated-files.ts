import { stringify } from "yaml";
import { resourceDefinitions } from "../resources.ts";
import { manifestOf } from "./manifest.ts";
import { conditionsPage, specPageOf } from "./spec-page.ts";

const GENERATED = "# made by `npm run generate` from the schemas in crds/; edit there\n";

/** Every generated file: its path below the repository, and what must be in it. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([
    ...resourceDefinitions.map((definition): [string, string] => [
      `crds/manifests/${definition.group}_${definition.plural}.yaml`,
      GENERATED + stringify(manifestOf(definition), { aliasDuplicateObjects: false, lineWidth: 0 }),
    ]),
    ...resourceDefinitions.map((definition): [string, string] => [
      `docs/spec/${definition.singular}.md`,
      `${specPageOf(definition)}\n`,
    ]),
    ["docs/spec/conditions.md", `${conditionsPage()}\n`],
  ]);
}
