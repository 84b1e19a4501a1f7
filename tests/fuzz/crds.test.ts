import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BottleClass } from "../../crds/bottle-class.ts";
import type { ClassFields } from "../../crds/class-fields.ts";
import { coreDefinitions } from "../../crds/core.ts";
import { effectiveSpec, resolveClassChain } from "../../crds/merge.ts";
import { layerOf, NOTHING, overlay } from "../../crds/merge/overlay.ts";
import { resourceDefinitions } from "../../crds/resources.ts";
import { describeErrors, validate } from "../../crds/validation.ts";
import { readExamples } from "../fixtures/examples.ts";

const RUNS = { numRuns: 500 };

const name = fc.constantFrom("A", "B", "C", "__proto__", "constructor");
const text = fc.string({ maxLength: 4 });
const route = fc.record({ host: fc.constantFrom("a.example.com", "b.example.com", "c.example.com") });
const classFields = fc.record(
  {
    provider: fc.record({ name: fc.constantFrom("claude", "none") }),
    env: fc.uniqueArray(fc.record({ name, value: text }), { selector: (variable) => variable.name }),
    egress: fc.record({ routes: fc.array(route, { maxLength: 3 }) }, { requiredKeys: [] }),
    git: fc.record(
      {
        user: fc.record({ name: text, email: text }, { requiredKeys: [] }),
        remotes: fc.uniqueArray(fc.record({ name, url: text }), {
          selector: (remote) => remote.name,
          maxLength: 3,
        }),
      },
      { requiredKeys: [] },
    ),
    isolation: fc.record({ minimum: fc.constantFrom("container", "microVm") }, { requiredKeys: [] }),
    resources: fc.record({ cpus: fc.integer(), pids: fc.integer() }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<ClassFields>;

const layer = fc
  .tuple(fc.constantFrom("one", "two", "three"), classFields)
  .map(([of, fields]) => layerOf({ kind: "BottleClass", name: of }, fields));

function aClass(of: string, spec: ClassFields & { extends?: string }): BottleClass {
  return {
    apiVersion: "bot-bottle.dev/v1alpha1",
    kind: "BottleClass",
    metadata: { name: of, uid: of, resourceVersion: "1", creationTimestamp: "" },
    spec,
  };
}

describe("overlay", () => {
  it("is associative", () => {
    fc.assert(
      fc.property(layer, layer, layer, (a, b, c) => {
        expect(overlay(overlay(a, b), c)).toEqual(overlay(a, overlay(b, c)));
      }),
      RUNS,
    );
  });

  it("changes nothing with nothing, nor with itself", () => {
    fc.assert(
      fc.property(layer, (a) => {
        expect(overlay(a, NOTHING)).toEqual(a);
        expect(overlay(NOTHING, a)).toEqual(a);
        expect(overlay(a, a)).toEqual(a);
      }),
      RUNS,
    );
  });

  it("leaves its layers as they were", () => {
    fc.assert(
      fc.property(layer, layer, (a, b) => {
        const before = structuredClone([a, b]);
        overlay(a, b);
        expect([a, b]).toEqual(before);
      }),
      RUNS,
    );
  });
});

describe("effectiveSpec", () => {
  const sources = fc.record({ classes: fc.array(classFields, { maxLength: 4 }), own: classFields });
  const effective = ({ classes, own }: { classes: ClassFields[]; own: ClassFields }) =>
    effectiveSpec({
      bottle: { name: "b", spec: own },
      classChain: classes.map((fields, index) => aClass(`class-${index}`, fields)),
    });

  it("allows the routes of the uppermost egress and no other", () => {
    fc.assert(
      fc.property(sources, (given) => {
        const uppermost = [...given.classes, given.own].findLast(
          ({ egress }) => egress !== undefined,
        )?.egress;
        expect(effective(given).fields.egress).toEqual(uppermost);
      }),
      RUNS,
    );
  });

  it("names each variable once, and for each field of the result the object that gave it", () => {
    fc.assert(
      fc.property(sources, (given) => {
        const { fields, origins } = effective(given);
        const names = (fields.env ?? []).map((variable) => variable.name);
        expect(new Set(names).size).toBe(names.length);
        for (const { name: variable, value } of fields.env ?? []) {
          const origin = origins[`env.${variable}`]!;
          const giver = origin.kind === "Bottle" ? given.own : given.classes[Number(origin.name.slice(6))]!;
          expect(giver.env).toContainEqual({ name: variable, value });
        }
        const whole = ["provider", "egress", "isolation"] as const;
        expect(whole.filter((field) => field in fields)).toEqual(whole.filter((field) => field in origins));
      }),
      RUNS,
    );
  });
});

describe("resolveClassChain", () => {
  const names = ["a", "b", "c", "d", "e"];
  const parents = fc.dictionary(
    fc.constantFrom(...names),
    fc.option(fc.constantFrom(...names), { nil: undefined }),
  );

  it("ends on any graph of classes, and a found chain is one", () => {
    fc.assert(
      fc.property(parents, fc.constantFrom(...names), (graph, start) => {
        const chain = resolveClassChain(start, (of) => {
          if (!Object.hasOwn(graph, of)) return undefined;
          const parent = graph[of];
          return aClass(of, parent === undefined ? {} : { extends: parent });
        });
        if (chain.kind === "broken") {
          expect(chain.names[0]).toBe(start);
          expect(chain.message).toContain(chain.names.at(-1));
          return;
        }
        const found = chain.classes.map(({ metadata }) => metadata.name);
        expect(found.at(-1)).toBe(start);
        expect(chain.classes.map(({ spec }) => spec?.extends)).toEqual([undefined, ...found.slice(0, -1)]);
      }),
      RUNS,
    );
  });
});

describe("validate", () => {
  const definitions = [...resourceDefinitions, ...coreDefinitions];
  const kind = fc.constantFrom(...definitions.map((definition) => definition.kind));
  const examples = new Map(readExamples("valid").map((found) => [found.name, found]));
  const example = fc.constantFrom(...examples.keys());
  // Escapes of terminals, bidirectional controls, half a surrogate pair.
  const hostile = fc.jsonValue({
    stringUnit: fc.constantFrom(
      "a",
      ".",
      "[",
      '"',
      "\n",
      "\u001b",
      "\u009b",
      "\u202e",
      "\u2066",
      "\ud800",
      "é",
    ),
  });

  it("throws for no JSON value", () => {
    fc.assert(
      fc.property(kind, hostile, (of, value) => {
        const definition = definitions.find((candidate) => candidate.kind === of)!;
        expect(Array.isArray(validate(definition, value))).toBe(true);
      }),
      RUNS,
    );
  });

  it("says of an example of which any part was replaced nothing that a terminal would act on", () => {
    fc.assert(
      fc.property(example, fc.nat(), hostile, (of, at, value) => {
        const { definition, object } = examples.get(of)!;
        const places = [...pathsOf(object)];
        const mutant = replaced(object, places[at % places.length]!, value);
        const text = describeErrors(validate(definition, mutant));
        expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/);
      }),
      { numRuns: 2000 },
    );
  });

  it("refuses an example with any unknown field, wherever it is put", () => {
    fc.assert(
      fc.property(example, fc.nat(), fc.jsonValue(), (of, at, value) => {
        const { definition, object } = examples.get(of)!;
        const places = [...pathsOf(object)].filter(
          (path) => isClosed(path) && isObject(valueAt(object, path)),
        );
        const mutant = replaced(object, [...places[at % places.length]!, "notAField"], value);
        expect(validate(definition, mutant)).toEqual([expect.objectContaining({ reason: "FieldUnknown" })]);
      }),
      RUNS,
    );
  });
});

type Path = readonly (string | number)[];

/** labels and annotations are free; everything else is not */
const isClosed = (path: Path) => !path.includes("labels") && !path.includes("annotations");
const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((below, part) => (below as Record<string | number, unknown>)[part], value);
}

function* pathsOf(value: unknown, path: Path = []): Generator<Path> {
  yield path;
  if (typeof value !== "object" || value === null) return;
  for (const [key, below] of Object.entries(value)) {
    yield* pathsOf(below, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

function replaced(value: unknown, path: Path, by: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<
    string | number,
    unknown
  >;
  copy[first] = replaced(copy[first], rest, by);
  return copy;
}
