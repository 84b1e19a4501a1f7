import { afterAll, beforeAll, describe } from "vitest";
import { describeCreate } from "./sandbox-runtime/create.ts";
import type { SandboxRuntimeHarness } from "./sandbox-runtime/harness.ts";
import { SandboxRuntimeKit } from "./sandbox-runtime/kit.ts";
import { describeMoves } from "./sandbox-runtime/moves.ts";
import { describeOwnership } from "./sandbox-runtime/ownership.ts";
import { describeProvisioning } from "./sandbox-runtime/provisioning.ts";

export type { SandboxRuntimeHarness, SeenFile } from "./sandbox-runtime/harness.ts";

/** Every SandboxRuntime, the fake included, passes this suite. */
export function describeSandboxRuntime(
  implementation: string,
  createHarness: () => Promise<SandboxRuntimeHarness>,
): void {
  describe(`SandboxRuntime: ${implementation}`, () => {
    const kit = new SandboxRuntimeKit();
    beforeAll(() => kit.open(createHarness));
    afterAll(kit.close);

    describeCreate(kit);
    describeProvisioning(kit);
    describeMoves(kit);
    describeOwnership(kit);
  });
}
