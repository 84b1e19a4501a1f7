import type { LocalRuntime, RuntimeChoice } from "./local-runtime.ts";

export type { LocalRuntime, MachineImages } from "./local-runtime.ts";

/** The runtime that was chosen, read only then: dockerode costs a tenth of a second. */
export async function selectRuntime(choice: RuntimeChoice): Promise<LocalRuntime> {
  switch (choice.runtime) {
    case "docker":
      return (await import("./docker-machine.ts")).createDockerMachine(choice);
    case "fake":
      return (await import("./fake-machine.ts")).createFakeMachine(choice.instance);
    default:
      return choice.runtime satisfies never;
  }
}
