import * as z from "zod";

/** A list in which no value may stand twice. */
export function setOf<T extends z.ZodType<string | number>>(item: T, max: number): z.ZodArray<T> {
  return z
    .array(item)
    .max(max)
    .superRefine((self, context) => {
      repeats(self).forEach((index) =>
        context.addIssue({ code: "custom", message: "stands twice in the list: remove one", path: [index] }),
      );
    })
    .meta({ "x-kubernetes-list-type": "set" });
}

/** A list of objects with a `name`, which no two of them share; server-side apply merges it by name. */
export function namedList<T extends z.ZodType<{ name: string }>>(item: T, max: number): z.ZodArray<T> {
  return z
    .array(item)
    .max(max)
    .superRefine((self, context) => {
      repeats(self.map(({ name }) => name)).forEach((index) =>
        context.addIssue({
          code: "custom",
          message: "is the name of an earlier entry: rename or remove one",
          path: [index, "name"],
        }),
      );
    })
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] });
}

/** Indices of the values that stand earlier in the list already. */
export function repeats(values: readonly unknown[]): number[] {
  return values.flatMap((value, index) => (values.indexOf(value) < index ? [index] : []));
}
