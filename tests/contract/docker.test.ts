import { buffer } from "node:stream/consumers";
import { extract } from "tar-stream";
import { DockerRuntime, EngineConnection } from "../../local-runtime/docker/index.ts";
import { docker, dockerAdapters, productImage, removeInstance, requireDocker } from "./docker-machine.ts";
import { describeSandboxRuntime } from "./sandbox-runtime.contract.ts";
import type { SandboxRuntimeHarness, SeenFile } from "./sandbox-runtime.contract.ts";

async function createHarness(): Promise<SandboxRuntimeHarness> {
  await requireDocker();
  const [airlock, agent] = await Promise.all([productImage("airlock"), productImage("agent")]);
  const nowhere = new EngineConnection({ socketPath: "/nowhere/docker.sock", callTimeoutMs: 20_000 });
  return {
    createRuntime: async (instance) => dockerAdapters(instance).runtime,
    createUnreachableRuntime: async () => new DockerRuntime(nowhere, "unreachable"),
    images: { airlock, sidecars: airlock, agent },
    kill: async (sandbox) => {
      await docker.getContainer(sandbox).kill({ signal: "SIGKILL" });
    },
    readFile,
    cleanup: async (instances) => {
      await Promise.all(instances.map(removeInstance));
    },
  };
}

async function readFile(sandbox: string, path: string): Promise<SeenFile | undefined> {
  const tar = await docker
    .getContainer(sandbox)
    .getArchive({ path })
    .catch((error: { statusCode?: number }) => {
      if (error.statusCode === 404) return undefined;
      throw error;
    });
  if (tar === undefined) return undefined;
  for await (const entry of (tar as NodeJS.ReadableStream).pipe(extract())) {
    const { mode = 0, uid = 0, gid = 0 } = entry.header;
    return { content: (await buffer(entry)).toString(), mode: mode & 0o7777, uid, gid };
  }
  return undefined;
}

describeSandboxRuntime("docker", createHarness);
