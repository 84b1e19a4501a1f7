import { FakeEngine } from "../../local-runtime/fake/fake-engine.ts";
import { FakeRuntime } from "../../local-runtime/fake/fake-runtime.ts";
import { describeSandboxRuntime, type SeenFile } from "./sandbox-runtime.contract.ts";

describeSandboxRuntime("fake", async () => {
  const engine = new FakeEngine();
  const unreachable = new FakeEngine();
  unreachable.isDown = true;
  for (const role of ["airlock", "sidecars", "agent"]) engine.images.add(`image-${role}`);
  return {
    createRuntime: async (instance) => new FakeRuntime(engine, instance),
    createUnreachableRuntime: async () => new FakeRuntime(unreachable),
    images: { airlock: "image-airlock", sidecars: "image-sidecars", agent: "image-agent" },
    kill: async (name) => engine.kill(name),
    readFile: async (name, path): Promise<SeenFile | undefined> => {
      const sandbox = engine.sandboxes.get(name);
      const volumes = sandbox?.spec.mounts.map(({ volume }) => engine.volumes.get(volume)) ?? [];
      const file = [sandbox, ...volumes]
        .map((place) => place?.files.get(path))
        .find((found) => found !== undefined);
      if (file === undefined) return undefined;
      return { content: file.content, mode: file.mode, ...file.owner };
    },
    cleanup: async () => engine.sandboxes.clear(),
  };
});
