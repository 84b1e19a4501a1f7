import { FakeEngine } from "./fake/fake-engine.ts";
import { catProvisionedFiles, createFakeExec, createFakeLogs, type FakeCommand } from "./fake/fake-exec.ts";
import { createFakeLinkProbe, createFakeSidecarControl } from "./fake/fake-link.ts";
import { FakeRuntime } from "./fake/fake-runtime.ts";
import type { LocalRuntime, MachineImages } from "./local-runtime.ts";

/** A machine in memory, for trying the control plane where there is no engine. It forgets everything when it ends. */
export function createFakeMachine(instance: string): LocalRuntime {
  const engine = new FakeEngine();
  engine.images.add(IMAGE);
  return {
    runtime: new FakeRuntime(engine, instance),
    probe: createFakeLinkProbe(engine),
    control: createFakeSidecarControl(engine),
    exec: createFakeExec(engine, runFakeCommand),
    logs: createFakeLogs(engine, new Map()),
    images: everyImage,
    removeShared: async () => true,
    remains: async () => [...engine.sandboxes.keys()],
    close: async () => undefined,
  };
}

const IMAGE = "sha256:fake";

const everyImage: MachineImages = {
  ensure: async () => ({ kind: "present", id: IMAGE }),
  has: async () => true,
  list: async () => [],
  superseded: async () => [],
  remove: async () => undefined,
};

/** `echo`, `true`, `false`, `exit N`, and `cat` of what was provisioned. */
const runFakeCommand: FakeCommand = (sandbox, request, input) => {
  const [program, ...words] = request.argv;
  switch (program) {
    case "echo":
      return { stdout: `${words.join(" ")}\n`, exitCode: 0 };
    case "true":
      return { stdout: "", exitCode: 0 };
    case "false":
      return { stdout: "", exitCode: 1 };
    case "exit":
      return { stdout: "", exitCode: Number(words[0] ?? 0) };
    default:
      return catProvisionedFiles(sandbox, request, input);
  }
};
