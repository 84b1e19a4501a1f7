/** How long a property is tried, and from which seed: seconds in a run of all tests, BB_FUZZ_SECONDS by hand. */
export function fuzzTime(seconds: number): {
  readonly interruptAfterTimeLimit: number;
  readonly numRuns: number;
  readonly seed: number;
  readonly timeoutMs: number;
} {
  const wanted = Number(process.env["BB_FUZZ_SECONDS"] ?? seconds);
  const seed = Number(process.env["BB_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`fuzzing for ${wanted} s, BB_FUZZ_SEED=${seed}`);
  return { interruptAfterTimeLimit: wanted * 1_000, numRuns: 1e9, seed, timeoutMs: (wanted + 60) * 1_000 };
}
