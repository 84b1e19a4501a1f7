import { writeSync } from "node:fs";
import type { StartReport } from "../start-report.ts";

/** Tells who started this process how the start goes; without a descriptor nobody listens. */
export type ReportStart = (report: StartReport) => void;

/** Reports as lines of JSON on a descriptor; a reader that went away is no failure. */
export function reportTo(descriptor: number | undefined): ReportStart {
  if (descriptor === undefined) return () => undefined;
  return (report) => {
    try {
      writeSync(descriptor, `${JSON.stringify(report)}\n`);
    } catch (error) {
      if (!(error instanceof Error) || !("code" in error) || error.code !== "EPIPE") throw error;
    }
  };
}
