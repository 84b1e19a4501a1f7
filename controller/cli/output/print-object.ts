import { escapeJson } from "../../escape.ts";

/** An object as JSON text for people and programs. */
export function toJson(object: unknown): string {
  return `${escapeJson(JSON.stringify(object, null, 2))}\n`;
}

/** An object as YAML text; text with characters that a terminal acts upon is quoted and escaped. */
export async function toYaml(object: unknown): Promise<string> {
  const { Document, visit } = await import("yaml");
  const document = new Document(object, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === "string" && escapeJson(node.value) !== node.value) node.type = "QUOTE_DOUBLE";
    },
  });
  return escapeJson(document.toString({ lineWidth: 0 }));
}
