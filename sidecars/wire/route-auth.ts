import * as z from "zod";

/** Where a request carries an injected credential. */
const Carrier = z.discriminatedUnion("in", [
  z.strictObject({
    in: z.literal("header"),
    /** in lower case */
    name: z.string(),
    /** text before the value, such as `Bearer ` */
    prefix: z.string(),
    /** base64: the value is `user:password`, as the scheme Basic sends it */
    coding: z.enum(["none", "base64"]),
  }),
  z.strictObject({ in: z.literal("query"), name: z.string() }),
  /** AWS Signature Version 4; the value is `ACCESS_KEY_ID:SECRET_ACCESS_KEY[:SESSION_TOKEN]` and is not sent itself */
  z.strictObject({ in: z.literal("signature"), region: z.string(), service: z.string() }),
]);
export type Carrier = z.infer<typeof Carrier>;

/** How the egress proxy treats credentials on a route. */
export const AuthPolicy = z.discriminatedUnion("mode", [
  z.strictObject({ mode: z.literal("strip") }),
  z.strictObject({ mode: z.literal("passthrough") }),
  z.strictObject({
    mode: z.literal("inject"),
    carrier: Carrier,
    secret: z.strictObject({ name: z.string(), key: z.string() }),
    /** placeholder: a request that does not hold the secret's placeholder in the carrier is refused */
    require: z.enum(["nothing", "placeholder"]),
  }),
]);
export type AuthPolicy = z.infer<typeof AuthPolicy>;
