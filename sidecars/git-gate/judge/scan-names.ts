import type { Detector } from "../../detection/index.ts";
import type { PushFinding, PushRequest } from "../contract.ts";
import { ruleFinding } from "./finding.ts";

/** Secrets in what a push says beside its objects. The name that holds one is not told. */
export async function findingsInNames(
  detector: Detector,
  { updates, pushOptions }: PushRequest,
): Promise<PushFinding[]> {
  const names = [
    ...updates.map(({ ref }) => ({ text: ref, where: "the name of a ref" })),
    ...pushOptions.map((text) => ({ text, where: "a push option" })),
  ];
  const findings: PushFinding[] = [];
  for (const { text, where } of names) {
    const inspection = await detector.inspectBody({ bytes: Buffer.from(text) });
    const whatToDo = "Push without it. Take it for known to others: give the key a new value.";
    if (inspection.kind === "opaque") findings.push(ruleFinding(inspection.code, where, whatToDo));
    if (inspection.kind !== "found") continue;
    const { rule, shape } = inspection.finding;
    findings.push({ rule, where, shape, whatToDo });
  }
  return findings;
}
