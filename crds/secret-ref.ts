import { z } from "zod";

export const SecretKeyRef = z.strictObject({
  name: z.string().min(1).max(253).describe("name of a Secret in the Bottle's namespace"),
  key: z.string().min(1).max(253).describe("key in the Secret's data"),
});
export type SecretKeyRef = z.infer<typeof SecretKeyRef>;
