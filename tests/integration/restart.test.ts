import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { aBb, run, type Bb } from "./cli-kit.ts";

const BOTTLE = `apiVersion: bot-bottle.dev/v1alpha1
kind: Bottle
metadata: { name: b }
spec: { provider: { name: none, image: x } }
`;

let bb: Bb;
let silent: Server;
beforeEach(() => {
  bb = aBb();
});
afterEach(async () => {
  await bb.end();
  silent.close();
});

/** An engine that takes connections and never answers: no pass can see anything. */
async function silentEngine(): Promise<Record<string, string>> {
  const socket = join(bb.stateDir, "silent.sock");
  silent = createServer(() => undefined);
  silent.listen(socket);
  await once(silent, "listening");
  return { BB_RUNTIME: "docker", DOCKER_HOST: `unix://${socket}` };
}

describe("a control plane that was killed and comes back", () => {
  it("says nothing of a bottle that it has not seen itself: nobody's wait ends on what was", async () => {
    await bb(["apply", "-f", "-"], { input: BOTTLE });
    expect(await bb(["wait", "bottle/b", "--timeout", "20s"])).toMatchObject({ code: 0 });
    const { stdout } = await bb(["status", "-o", "json"]);
    process.kill((JSON.parse(stdout) as { process: number }).process, "SIGKILL");

    const environment = await silentEngine();

    expect((await bb(["get", "bottles"], { environment })).stdout).toMatch(/^b +Unknown +NotObserved/m);
    const wait = await bb(["wait", "bottle/b", "--timeout", "1s"], { environment });
    expect(wait).toMatchObject({ code: 1 });
    const kubectl = ["kubectl", "wait", "--for=condition=Ready", "bottle/b", "--timeout=1s"];
    const kubeconfig = { KUBECONFIG: join(bb.stateDir, "kubeconfig") };
    expect((await run(kubectl, { environment: kubeconfig })).code).not.toBe(0);
  });
});
