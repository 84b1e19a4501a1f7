import * as z from "zod";
import { FRAMING_FIELDS } from "./framing-fields.ts";
import { type Rule, withRules } from "./rules.ts";
import { SecretKeyRef } from "./secret-ref.ts";

const AwsName = z
  .string()
  .max(64)
  .regex(/^[a-z0-9][a-z0-9-]*$/, "must be lower-case letters, digits and '-', such as us-east-1");

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
    .describe("header that carries the secret instead of Authorization"),
  prefix: z
    .string()
    .max(64)
    .regex(/^[!-~]([ -~]*)$/, "must be printable ASCII and not start with a space")
    .optional()
    .describe("text before the secret in `header`, its space included, such as 'SSWS '; default none"),
  query: z
    .string()
    .max(64)
    .regex(/^[A-Za-z0-9._-]+$/, "must be the name of a parameter: letters, digits, '.', '_' and '-'")
    .optional()
    .describe("query parameter that carries the secret; what the agent sends under that name is replaced"),
  sigv4: z
    .strictObject({
      region: AwsName.describe("AWS region that the signature is for"),
      service: AwsName.describe("AWS service that the signature is for, such as bedrock"),
    })
    .optional()
    .describe(
      "the request is signed (AWS Signature Version 4); takes a secret of the form ACCESS_KEY_ID:SECRET_ACCESS_KEY[:SESSION_TOKEN]",
    ),
  secretRef: SecretKeyRef.optional().describe("secret to inject; required unless mode is passthrough"),
  env: z
    .string()
    .max(64)
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be letters, digits and '_', and not start with a digit")
    .optional()
    .describe("variable in which the agent finds the secret's placeholder; `env` of the bottle beats it"),
  require: z
    .enum(["placeholder"])
    .optional()
    .describe(
      "placeholder: only a request that holds the secret's placeholder where the secret goes gets it, any other is refused; default: every request of the route gets it",
    ),
});
type Fields = z.infer<typeof Fields>;

const isFraming = (header: string): boolean => FRAMING_FIELDS.some((name) => name === header.toLowerCase());

/** of these a route has one at most: each says where the secret goes */
const CARRIERS = ["scheme", "header", "query", "sigv4"] as const;
const carriersOf = (self: Fields): (typeof CARRIERS)[number][] =>
  CARRIERS.filter((name) => self[name] !== undefined);
const hasAny = (names: readonly string[]): string => names.map((name) => `has(self.${name})`).join(" || ");

/** what has no meaning when the agent's own credential passes through */
const INJECTING = [...CARRIERS, "secretRef", "prefix", "env", "require"] as const;

const RULES: readonly Rule<Fields>[] = [
  {
    holds: (self) => self.mode === "passthrough" || self.secretRef !== undefined,
    cel: "has(self.secretRef) || (has(self.mode) && self.mode == 'passthrough')",
    message:
      "is required: name the secret to inject, or let the agent's own credential through with `mode: passthrough`",
    at: ["secretRef"],
  },
  {
    holds: (self) => carriersOf(self).length <= 1,
    cel: `[${CARRIERS.map((name) => `has(self.${name})`).join(", ")}].filter(given, given).size() <= 1`,
    message:
      "has more than one of `scheme`, `header`, `query` and `sigv4`, and the secret goes in one place: keep one",
  },
  {
    holds: (self) => self.prefix === undefined || self.header !== undefined,
    cel: "!has(self.prefix) || has(self.header)",
    message: "stands before the secret in a `header`, which is not given: add it, or remove the prefix",
    at: ["prefix"],
  },
  {
    holds: (self) => self.mode !== "passthrough" || INJECTING.every((name) => self[name] === undefined),
    cel: `!has(self.mode) || self.mode != 'passthrough' || !(${hasAny(INJECTING)})`,
    message: `passes on what the agent sends, so ${INJECTING.map((name) => `\`${name}\``).join(", ")} have no meaning: remove them or the mode`,
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
