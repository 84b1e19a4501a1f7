import type { ApiObject } from "../../crds/metadata.ts";
import type { ResourceDefinition } from "../../crds/resources.ts";
import { InvalidError } from "../../reconcilers/contract/errors.ts";

/** Whether an object is selected. */
export type Matches = (object: ApiObject) => boolean;
type Labels = Readonly<Record<string, string>>;

const KEY = "[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?";
const VALUE = "[A-Za-z0-9._-]*";
const EQUALITY = new RegExp(`^(?<key>${KEY})\\s*(?<operator>==|=|!=)\\s*(?<value>${VALUE})$`);
const SET = new RegExp(`^(?<key>${KEY})\\s+(?<operator>in|notin)\\s*\\((?<values>[^()]*)\\)$`);
const EXISTENCE = new RegExp(`^(?<not>!?)\\s*(?<key>${KEY})$`);

/**
 * A label selector in its whole syntax: `a=b`, `a==b`, `a!=b`, `a in (b,c)`,
 * `a notin (b)`, `a`, `!a`, joined by commas. Throws InvalidError.
 */
export function parseLabelSelector(selector: string | undefined): Matches {
  const requirements = split(selector ?? "").map(requirement);
  return ({ metadata }) => requirements.every((holds) => holds(metadata.labels ?? {}));
}

/** Commas between requirements, not those inside parentheses. */
function split(selector: string): string[] {
  if (selector.trim() === "") return [];
  return selector.split(/,(?![^(]*\))/).map((part) => part.trim());
}

function requirement(text: string): (labels: Labels) => boolean {
  const found = equality(text) ?? membership(text) ?? existence(text);
  if (found === undefined) throw new InvalidError(`unable to parse the label selector at "${text}"`);
  return found;
}

type Requirement = ((labels: Labels) => boolean) | undefined;

// as in Kubernetes, an absent label satisfies != and notin

function equality(text: string): Requirement {
  const { key, operator, value } = EQUALITY.exec(text)?.groups ?? {};
  if (key === undefined) return undefined;
  return (labels) => (labelOf(labels, key) === value) === (operator !== "!=");
}

function membership(text: string): Requirement {
  const { key, operator, values } = SET.exec(text)?.groups ?? {};
  if (key === undefined || values === undefined) return undefined;
  const wanted = new Set<string | undefined>(values.split(",").map((value) => value.trim()));
  return (labels) => wanted.has(labelOf(labels, key)) === (operator === "in");
}

function existence(text: string): Requirement {
  const { key, not } = EXISTENCE.exec(text)?.groups ?? {};
  if (key === undefined) return undefined;
  return (labels) => Object.hasOwn(labels, key) === (not === "");
}

function labelOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

const EVENT_FIELDS = [
  ...["apiVersion", "fieldPath", "kind", "name", "namespace", "resourceVersion", "uid"].map(
    (field) => `involvedObject.${field}`,
  ),
  "reason",
  "reportingComponent",
  "source",
  "type",
];
/** fields besides name and namespace that can be selected, by kind: the same as on a real API server */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  Event: EVENT_FIELDS,
  Secret: ["type"],
  Namespace: ["status.phase"],
};

/** A field selector of `=`, `==` and `!=`, joined by commas. Throws InvalidError for a field that cannot be selected. */
export function parseFieldSelector(selector: string | undefined, of: ResourceDefinition): Matches {
  const known = ["metadata.name", "metadata.namespace", ...(FIELDS[of.kind] ?? [])];
  const requirements = split(selector ?? "").map((text) => {
    const { path, operator, value } =
      /^(?<path>[^=!]+)(?<operator>==|=|!=)(?<value>.*)$/.exec(text)?.groups ?? {};
    if (path === undefined) throw new InvalidError(`unable to parse the field selector at "${text}"`);
    if (!known.includes(path)) throw new InvalidError(`field label not supported: ${path}`);
    return (object: ApiObject): boolean => (fieldOf(object, path) === value) === (operator !== "!=");
  });
  return (object) => requirements.every((holds) => holds(object));
}

/** The text of a field; empty when it is absent. */
function fieldOf(object: ApiObject, path: string): string {
  const names = path === "source" ? ["source", "component"] : path.split(".");
  let value: unknown = object;
  for (const name of names) value = (value as Record<string, unknown> | undefined)?.[name];
  return typeof value === "string" ? value : "";
}

/** Both selectors of a list or a watch; undefined when everything is selected. */
export function parseSelectors(
  of: ResourceDefinition,
  options: { readonly labelSelector?: string | undefined; readonly fieldSelector?: string | undefined },
): Matches | undefined {
  if (!options.labelSelector && !options.fieldSelector) return undefined;
  const byLabel = parseLabelSelector(options.labelSelector);
  const byField = parseFieldSelector(options.fieldSelector, of);
  return (object) => byLabel(object) && byField(object);
}
