import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { PortInUseError } from "../../controller/api-server/index.ts";
import { UnsafeFileError } from "../../controller/private-file.ts";
import { type ApiServerKit, startApiServer } from "./api-server-kit.ts";

const kits: ApiServerKit[] = [];
afterEach(async () => {
  for (const kit of kits.splice(0)) await kit.close();
});

async function start(options: Parameters<typeof startApiServer>[0] = {}): Promise<ApiServerKit> {
  const kit = await startApiServer(options);
  kits.push(kit);
  return kit;
}

/** Stops a server and leaves its folder to the next one. */
async function stop(kit: ApiServerKit): Promise<string> {
  await kit.api.close();
  kit.store.close();
  return kit.folder;
}

describe("starting again", () => {
  it("keeps certificate, token, port and kubeconfig", async () => {
    const first = await start();
    const kubeconfig = readFileSync(join(first.folder, "state/kubeconfig"), "utf8");
    const second = await start({ folder: await stop(first) });
    expect([second.api.token, second.api.caPem, second.port]).toEqual([
      first.api.token,
      first.api.caPem,
      first.port,
    ]);
    expect(readFileSync(join(second.folder, "state/kubeconfig"), "utf8")).toBe(kubeconfig);
    expect((await second.fetch("/version")).code).toBe(200);
  });

  it("goes on where a watch stopped", async () => {
    const first = await start();
    await first.fetch("/api/v1/namespaces", { method: "POST", body: { metadata: { name: "kept" } } });
    const { json } = await first.fetch("/api/v1/namespaces");
    const second = await start({ folder: await stop(first) });
    const again = await second.fetch("/api/v1/namespaces");
    expect(again.json).toEqual(json);
  });

  it("takes a new token when a folder is new", async () => {
    const tokens = [(await start()).api.token, (await start()).api.token];
    expect(tokens[0]).toMatch(/^[\w-]{43}$/);
    expect(tokens[0]).not.toBe(tokens[1]);
  });
});

describe("what stands in the way of a start", () => {
  it("says that the port is in use and what to do", async () => {
    const first = await start();
    const blocker = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => blocker.on("listening", resolve));
    const { port } = blocker.address() as { port: number };
    const folder = await stop(first);
    writeFileSync(join(folder, "state/tls/port"), String(port), { mode: 0o600 });
    const failure = await startApiServer({ folder }).catch((error: unknown) => error);
    blocker.close();
    expect(failure).toBeInstanceOf(PortInUseError);
    expect((failure as Error).message).toMatch(
      new RegExp(`^port ${port} on 127.0.0.1 is in use: .*choose another port$`),
    );
  });

  it.each(["state/tls/token", "state/tls/tls.json", "state/kubeconfig"])(
    "refuses %s when others may read it",
    async (file) => {
      const folder = await stop(await start());
      chmodSync(join(folder, file), 0o640);
      const failure = await startApiServer({ folder }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(UnsafeFileError);
      expect((failure as Error).message).toContain(`chmod 600 '${join(folder, file)}'`);
      expect((statSync(join(folder, file)).mode & 0o777).toString(8)).toBe("640");
    },
  );

  it.each([
    ["state/tls/token", "short"],
    ["state/tls/tls.json", "{broken"],
    ["state/tls/tls.json", '{"caPem":"x"}'],
  ])("does not replace a damaged %s, and says what to do", async (file, content) => {
    const folder = await stop(await start());
    writeFileSync(join(folder, file), content);
    const failure = await startApiServer({ folder }).catch((error: unknown) => error);
    expect(String(failure)).toContain(join(folder, file));
    expect(String(failure)).toMatch(/remove .*start again/);
    expect(String(failure)).not.toContain(content);
    expect(readFileSync(join(folder, file), "utf8")).toBe(content);
  });
});
