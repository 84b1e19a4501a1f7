import type { Document, LineCounter } from "yaml";
import { CliError } from "../cli-error.ts";
import type { KubeObject } from "../api/objects.ts";
import type { ManifestSource } from "./sources.ts";

/** One object of a file, with what is needed to say where something in it stands. */
export interface ManifestDocument {
  readonly object: KubeObject;
  /** `file:line` of a field such as `spec.egress.routes[0].host`, or of the nearest one around it */
  locate(field: string): string;
}

/** The objects in a file of YAML or JSON; several are split by `---`. Throws CliError with file, line and cause. */
export async function parseManifest(source: ManifestSource): Promise<ManifestDocument[]> {
  const { LineCounter, parseAllDocuments } = await import("yaml");
  const lines = new LineCounter();
  const parsed = parseAllDocuments(source.text, { lineCounter: lines, prettyErrors: true, uniqueKeys: true });
  const documents = "empty" in parsed ? [] : parsed;
  for (const document of documents) {
    const [error] = document.errors;
    if (error !== undefined) {
      const line = error.linePos?.[0].line ?? 1;
      throw new CliError(`${source.name}:${line}: not valid YAML: ${withoutPosition(error.message)}`, {
        next: `mend ${source.name}; nothing was applied`,
      });
    }
  }
  return documents.flatMap((document) => objectsOf(document, source, lines));
}

function objectsOf(document: Document, source: ManifestSource, lines: LineCounter): ManifestDocument[] {
  const locate = (field: string): string => `${source.name}:${lineOf(document, lines, field)}`;
  const value = valueOf(document, locate);
  if (value === null) return [];
  if (value.kind === "List" && Array.isArray(value.items)) {
    return value.items.map((item, index) => ({
      object: checked(item, () => locate(`items[${index}]`)),
      locate: (field) => locate(`items[${index}].${field}`),
    }));
  }
  return [{ object: checked(value, locate), locate }];
}

type Value = Partial<KubeObject> & { readonly items?: readonly KubeObject[] };

/** Aliases are followed here, and a few lines of them may stand for gigabytes. */
function valueOf(document: Document, locate: (field: string) => string): Value | null {
  try {
    return document.toJS() as Value | null;
  } catch (cause) {
    if (!(cause instanceof ReferenceError)) throw cause;
    throw new CliError(`${locate("")}: ${cause.message}`, { next: "write it without YAML aliases", cause });
  }
}

function checked(value: Partial<KubeObject>, locate: (field: string) => string): KubeObject {
  const wrong = (what: string, field = ""): CliError =>
    new CliError(`${locate(field)}: ${what}`, {
      next: "an object starts with apiVersion: bot-bottle.dev/v1alpha1, kind: Bottle, metadata: { name: … }",
    });
  if (typeof value !== "object" || Array.isArray(value)) throw wrong("this is not an object");
  if (typeof value.apiVersion !== "string") throw wrong("apiVersion is missing");
  if (typeof value.kind !== "string") throw wrong("kind is missing");
  checkName(value.metadata?.name, (what) => wrong(what, value.metadata === undefined ? "" : "metadata.name"));
  return value as KubeObject;
}

function checkName(name: unknown, wrong: (what: string) => CliError): void {
  if (name === undefined || name === null || name === "") throw wrong("metadata.name is missing");
  if (typeof name !== "string")
    throw wrong(`metadata.name must be text: put ${JSON.stringify(name)} in quotes`);
}

/** The line of the deepest node on the way to `field` that exists. */
function lineOf(document: Document, lines: LineCounter, field: string): number {
  const path = [...field.matchAll(/[^.[\]"]+/g)].map(([part]) => (/^\d+$/.test(part) ? Number(part) : part));
  for (let depth = path.length; depth > 0; depth--) {
    const start = keyStart(document, path.slice(0, depth));
    if (start !== undefined) return lines.linePos(start).line;
  }
  const first = document.contents?.range?.[0];
  return first === undefined ? 1 : lines.linePos(first).line;
}

/** Where a key stands, which for a nested value is the line that a person looks for. */
function keyStart(document: Document, path: readonly (string | number)[]): number | undefined {
  const last = path.at(-1);
  const around = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const items = (around as { items?: unknown[] } | undefined)?.items;
  if (!Array.isArray(items)) return undefined;
  if (typeof last === "number") return (items[last] as { range?: number[] } | undefined)?.range?.[0];
  const pair = items.find((item) => (item as { key?: { value?: unknown } }).key?.value === last);
  return (pair as { key?: { range?: number[] } } | undefined)?.key?.range?.[0];
}

function withoutPosition(message: string): string {
  return message.replace(/ at line \d+, column \d+:/, ":").trimEnd();
}
