/** The quantile of some numbers, by the nearest rank. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? NaN;
}

/** One line of a table: name, p50, p99 and how many. */
export function quantileLine(name: string, milliseconds: readonly number[], remark = ""): string {
  const at = (share: number): string => quantile(milliseconds, share).toFixed(0).padStart(6);
  return `${name.padEnd(42)} p50 ${at(0.5)} ms   p99 ${at(0.99)} ms   n ${milliseconds.length}   ${remark}\n`;
}

/** How long something takes, in milliseconds. */
export async function timed(act: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await act();
  return performance.now() - started;
}
