const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

interface Step {
  /** seconds below which it is taken */
  readonly below: number;
  readonly unit: readonly [seconds: number, letter: string];
  /** smaller unit that is written too */
  readonly rest?: readonly [seconds: number, letter: string];
}

/** From when on which units are written: as kubectl prints an age. */
const STEPS: readonly Step[] = [
  { below: 2 * MINUTE, unit: [1, "s"] },
  { below: 10 * MINUTE, unit: [MINUTE, "m"], rest: [1, "s"] },
  { below: 3 * HOUR, unit: [MINUTE, "m"] },
  { below: 8 * HOUR, unit: [HOUR, "h"], rest: [MINUTE, "m"] },
  { below: 2 * DAY, unit: [HOUR, "h"] },
  { below: 8 * DAY, unit: [DAY, "d"], rest: [HOUR, "h"] },
  { below: 2 * YEAR, unit: [DAY, "d"] },
  { below: 8 * YEAR, unit: [YEAR, "y"], rest: [DAY, "d"] },
];
const LAST: Step = { below: Infinity, unit: [YEAR, "y"] };

/** The time from `moment` to `now` as kubectl writes it: 90s, 5m30s, 4h, 3d2h; `<unknown>` when it is no moment. */
export function ageOf(moment: unknown, now: Date): string {
  const then = typeof moment === "string" ? Date.parse(moment) : Number.NaN;
  if (Number.isNaN(then)) return "<unknown>";
  return formatSeconds(Math.max(0, Math.floor((now.getTime() - then) / 1000)));
}

/** Whole seconds as kubectl writes them. */
export function formatSeconds(seconds: number): string {
  const { unit, rest } = STEPS.find(({ below }) => seconds < below) ?? LAST;
  const whole = `${Math.floor(seconds / unit[0])}${unit[1]}`;
  const remainder = rest === undefined ? 0 : Math.floor((seconds % unit[0]) / rest[0]);
  return rest === undefined || remainder === 0 ? whole : `${whole}${remainder}${rest[1]}`;
}
