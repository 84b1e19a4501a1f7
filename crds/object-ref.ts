import * as z from "zod";
import { ObjectName } from "./names.ts";

/** Another object, by name; its kind follows from the field. */
export const NameRef = z.strictObject({ name: ObjectName.describe("name of the object") });
export type NameRef = z.infer<typeof NameRef>;
