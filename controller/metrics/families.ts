/** Values of the labels of one series, in the order of the family's names. */
type LabelValues = readonly string[];

interface Family {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

interface Counted {
  readonly values: LabelValues;
  count: number;
}

/** A count for each set of label values; it only grows. */
export class Counter {
  readonly #family: Family;
  readonly #series = new Map<string, Counted>();

  constructor(family: Family) {
    this.#family = family;
  }

  add(values: LabelValues, by = 1): void {
    const key = JSON.stringify(values);
    const counted = this.#series.get(key) ?? { values, count: 0 };
    counted.count += by;
    this.#series.set(key, counted);
  }

  /** forgets the series whose first values are these */
  remove(first: LabelValues): void {
    for (const [key, { values }] of this.#series) {
      if (first.every((value, index) => values[index] === value)) this.#series.delete(key);
    }
  }

  /** as OpenMetrics writes it */
  lines(): string[] {
    const { name, labels } = this.#family;
    const series = [...this.#series.values()].map(
      ({ values, count }) => `${name}_total${labelsOf(labels, values)} ${count}`,
    );
    return [...headOf(this.#family, "counter"), ...series];
  }
}

interface Distribution {
  readonly values: LabelValues;
  readonly buckets: number[];
  sum: number;
  count: number;
}

/** How values are spread over buckets, for each set of label values. */
export class Histogram {
  readonly #family: Family & { readonly unit: string };
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Distribution>();

  /** `bounds` grow; what is beyond the last one is counted, too */
  constructor(family: Family & { readonly unit: string }, bounds: readonly number[]) {
    this.#family = family;
    this.#bounds = bounds;
  }

  observe(values: LabelValues, value: number): void {
    const key = JSON.stringify(values);
    const known = this.#series.get(key);
    const spread = known ?? { values, buckets: this.#bounds.map(() => 0), sum: 0, count: 0 };
    const at = this.#bounds.findIndex((bound) => value <= bound);
    if (at >= 0) spread.buckets[at] = (spread.buckets[at] ?? 0) + 1;
    spread.sum += value;
    spread.count += 1;
    this.#series.set(key, spread);
  }

  /** as OpenMetrics writes it: each bucket counts those before it, too */
  lines(): string[] {
    const { name, unit } = this.#family;
    const series = [...this.#series.values()].flatMap((spread) => this.#linesOf(spread));
    return [...headOf(this.#family, "histogram"), `# UNIT ${name} ${unit}`, ...series];
  }

  #linesOf({ values, buckets, sum, count }: Distribution): string[] {
    const { name, labels } = this.#family;
    const upTo = buckets.map((_, index) =>
      buckets.slice(0, index + 1).reduce((total, each) => total + each, 0),
    );
    const bucket = (bound: string, total: number): string =>
      `${name}_bucket${labelsOf([...labels, "le"], [...values, bound])} ${total}`;
    const shown = labelsOf(labels, values);
    return [
      ...this.#bounds.map((bound, index) => bucket(decimal(bound), upTo[index] ?? 0)),
      bucket("+Inf", count),
      `${name}_sum${shown} ${sum}`,
      `${name}_count${shown} ${count}`,
    ];
  }
}

function headOf({ name, help }: Family, type: string): string[] {
  return [`# TYPE ${name} ${type}`, `# HELP ${name} ${escaped(help)}`];
}

function labelsOf(names: readonly string[], values: LabelValues): string {
  return `{${names.map((name, index) => `${name}="${escaped(values[index] ?? "")}"`).join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** OpenMetrics wants bounds with a point. */
function decimal(bound: number): string {
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}
