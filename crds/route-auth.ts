import * as z from "zod";
import { FRAMING_FIELDS } from "./framing-fields.ts";
import { type Rule, withRules } from "./rules.ts";
import { SecretKeyRef } from "./secret-ref.ts";

const Fields = z.strictObject({
  mode: z
    .enum(["inject", "passthrough"])
    .optional()
    .describe("inject (default): the secret is put in; passthrough: what the agent sends goes on as it is"),
  scheme: z
    .enum(["Bearer", "token", "Basic"])
    .optional()
    .describe(
      "scheme of the Authorization header; default Bearer; Basic takes a secret of the form user:password",
    ),
  header: z
    .string()
    .max(64)
    .regex(/^[A-Za-z][A-Za-z0-9-]*$/, "must be the name of a header: letters, digits and '-'")
    .optional()
    .describe("header that carries the bare secret instead of Authorization; excludes scheme"),
  secretRef: SecretKeyRef.optional().describe("secret to inject; required unless mode is passthrough"),
});
type Fields = z.infer<typeof Fields>;

const isFraming = (header: string): boolean => FRAMING_FIELDS.some((name) => name === header.toLowerCase());

const RULES: readonly Rule<Fields>[] = [
  {
    holds: (self) => self.mode === "passthrough" || self.secretRef !== undefined,
    cel: "has(self.secretRef) || (has(self.mode) && self.mode == 'passthrough')",
    message:
      "is required: name the secret to inject, or let the agent's own credential through with `mode: passthrough`",
    at: ["secretRef"],
  },
  {
    holds: (self) => self.scheme === undefined || self.header === undefined,
    cel: "!(has(self.scheme) && has(self.header))",
    message:
      "excludes `scheme`: keep `scheme` for the Authorization header or `header` for a header of its own",
    at: ["header"],
  },
  {
    holds: (self) =>
      self.mode !== "passthrough" ||
      (self.secretRef === undefined && self.scheme === undefined && self.header === undefined),
    cel: "!has(self.mode) || self.mode != 'passthrough' || !(has(self.secretRef) || has(self.scheme) || has(self.header))",
    message:
      "passes on what the agent sends, so `secretRef`, `scheme` and `header` have no meaning: remove them or the mode",
    at: ["mode"],
  },
  {
    holds: (self) => self.header === undefined || !isFraming(self.header),
    cel: `!has(self.header) || !(self.header.lowerAscii() in ${JSON.stringify(FRAMING_FIELDS)})`,
    message: "frames the message or belongs to one hop, so it cannot carry a secret: name another header",
    at: ["header"],
  },
];

/** How a route treats credentials. Without it every credential the agent sends is stripped. */
export const RouteAuth = withRules(Fields, RULES);
export type RouteAuth = z.infer<typeof RouteAuth>;
