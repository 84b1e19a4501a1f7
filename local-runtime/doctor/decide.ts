import type { Check } from "./check.ts";
import { checkDocker } from "./check-docker.ts";
import {
  checkCa,
  checkControlPlanes,
  checkDisk,
  checkImages,
  checkKubectl,
  checkNode,
  checkStateFolder,
} from "./check-machine.ts";
import type { Facts } from "./facts.ts";

/** Every line of the doctor, in the order in which a person would mend things. Pure. */
export function decideChecks(facts: Facts): readonly Check[] {
  return [
    checkNode(facts.machine),
    ...facts.disks.map(checkDisk),
    checkStateFolder(facts.stateFolder),
    checkControlPlanes(facts.stateFolder),
    ...facts.caFiles.map(checkCa),
    ...checkDocker(facts),
    ...checkImages(facts),
    checkKubectl(facts.machine),
  ];
}
