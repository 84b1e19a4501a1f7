import * as z from "zod";
import { ObjectName, SecretKey } from "./names.ts";

/** One value of a Secret. Which hosts it may go to is said on the Secret, by its owner. */
export const SecretKeyRef = z.strictObject({
  name: ObjectName.describe("name of a Secret in the Bottle's namespace"),
  key: SecretKey.describe("key in the Secret's data"),
});
export type SecretKeyRef = z.infer<typeof SecretKeyRef>;
