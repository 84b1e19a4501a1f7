/** What a figure must reach, or must not pass. */
export interface Floor {
  readonly what: string;
  /** undefined: could not be measured, for the reason in `because` */
  readonly value: number | undefined;
  /** undefined: shown, and judged by nobody */
  readonly bound: number | undefined;
  readonly is: "at least" | "at most";
  readonly unit: string;
  readonly because?: string;
}

/** Prints each floor as it is judged, and remembers those that were missed. */
export class Floors {
  readonly #missed: string[] = [];
  #judged = 0;

  judge(floor: Floor): void {
    const { what, value, bound, unit } = floor;
    const figure = value === undefined ? "–" : `${value.toFixed(2)} ${unit}`;
    const limit = bound === undefined ? "" : `${floor.is} ${bound} ${unit}`;
    const line = `${what.padEnd(58)} ${figure.padStart(12)}   ${limit.padEnd(18)} ${this.#verdict(floor)}`;
    if (line.endsWith("MISSED")) this.#missed.push(line);
    console.log(`  ${line}`);
  }

  #verdict({ value, bound, is, because }: Floor): string {
    if (value === undefined) return because ?? "not measured";
    if (bound === undefined) return "";
    this.#judged += 1;
    const isHeld = is === "at least" ? value >= bound : value <= bound;
    return isHeld ? "held" : "MISSED";
  }

  /** Prints what was missed; true when nothing was. */
  sumUp(): boolean {
    console.log(
      `\n${this.#judged} floors, ${this.#judged - this.#missed.length} held, ${this.#missed.length} MISSED`,
    );
    for (const line of this.#missed) console.log(`  ${line}`);
    return this.#missed.length === 0;
  }
}
