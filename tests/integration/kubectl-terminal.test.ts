import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bottles } from "../../crds/resources.ts";
import { sandboxName } from "../../reconcilers/shared/naming.ts";
import { type ApiServerKit, eventually, type Outcome, run, startApiServer } from "./api-server-kit.ts";

let kit: ApiServerKit;
let agent: string;
let sidecars: string;
beforeAll(async () => {
  kit = await startApiServer();
  for (const name of ["busy", "asleep"]) {
    kit.store.create(bottles, {
      apiVersion: "bot-bottle.dev/v1alpha1",
      kind: "Bottle",
      metadata: { name, namespace: "default" },
      spec: {},
    });
  }
  const uid = kit.store.get(bottles, { namespace: "default", name: "busy" })?.metadata.uid ?? "";
  agent = sandboxName(uid, "agent");
  sidecars = sandboxName(uid, "sidecars");
  kit.processes.running.add(agent);
  for (const [second, text] of ["one", "two", "three"].entries()) {
    kit.logs.write(agent, { time: new Date(Date.UTC(2026, 0, 1, 0, 0, second)), stream: "stdout", text });
  }
  kit.logs.write(sidecars, { time: new Date(), stream: "stderr", text: '{"gate":"egress"}' });
});
afterAll(() => kit.close());

/** kubectl with a terminal of 91 by 33 cells. */
const inTerminal = (args: string, stdin = ""): Promise<Outcome> => {
  const kubectl = `kubectl --kubeconfig ${join(kit.folder, "state", "kubeconfig")} --cache-dir ${join(kit.folder, "cache")}`;
  const command = `stty cols 91 rows 33; ${kubectl} ${args}`;
  return run(["script", "-qefc", command, "/dev/null"], stdin, {
    PATH: process.env["PATH"],
    HOME: kit.folder,
  });
};

describe("kubectl logs", () => {
  it("prints the agent's, or those of a named container", async () => {
    expect((await kit.kubectl(["logs", "busy"])).stdout).toBe("one\ntwo\nthree\n");
    expect((await kit.kubectl(["logs", "busy", "-c", "sidecars"])).stdout).toBe('{"gate":"egress"}\n');
    expect((await kit.kubectl(["logs", "pod/busy", "--tail=1"])).stdout).toBe("three\n");
    expect((await kit.kubectl(["logs", "busy", "--since-time=2026-01-01T00:00:01Z"])).stdout).toBe(
      "two\nthree\n",
    );
    expect((await kit.kubectl(["logs", "busy", "--since=1s"])).stdout).toBe("");
    expect((await kit.kubectl(["logs", "busy", "--timestamps", "--tail=1"])).stdout).toBe(
      "2026-01-01T00:00:02.000Z three\n",
    );
    expect((await kit.kubectl(["logs", "busy", "--limit-bytes=5"])).stdout).toBe("one\nt");
  });

  it("follows, and stops reading when the client goes", async () => {
    const child = kit.startKubectl(["logs", "-f", "busy", "-c", "sidecars", "--tail=0"]);
    await eventually(() => kit.logs.readers.count === 1);
    kit.logs.write(sidecars, { time: new Date(), stream: "stderr", text: "later" });
    await eventually(() => child.output() === "later\n", child.output);
    child.kill();
    await eventually(() => kit.logs.readers.count === 0);
    expect(child.output()).toBe("later\n");
  });

  it("says why there are none", async () => {
    expect((await kit.kubectl(["logs", "asleep"])).stderr).toBe(
      'Error from server (BadRequest): container "agent" in pod "asleep" does not exist (it has not been observed yet)\n',
    );
    expect((await kit.kubectl(["logs", "busy", "-c", "other"])).stderr).toContain(
      "container other is not valid",
    );
    expect((await kit.kubectl(["logs", "busy", "--previous"])).stderr).toContain(
      "previous terminated container",
    );
    expect((await kit.kubectl(["logs", "nobody"])).stderr).toContain('pods "nobody" not found');
  });
});

describe("kubectl exec", () => {
  it("gives output, errors and the exit code apart", async () => {
    expect(await kit.kubectl(["exec", "busy", "--", "sh", "-c", "echo out; echo err >&2; exit 7"])).toEqual({
      code: 7,
      stdout: "out\n",
      stderr: "err\ncommand terminated with exit code 7\n",
    });
    expect((await kit.kubectl(["exec", "busy", "--", "true"])).code).toBe(0);
    expect((await kit.kubectl(["exec", "busy", "--", "/no/such/program"])).code).toBe(127);
  });

  it("passes argv as it is", async () => {
    const { stdout } = await kit.kubectl([
      "exec",
      "busy",
      "--",
      "printf",
      "[%s]",
      "a b",
      "$HOME",
      "'",
      "ü",
      "&x=1",
    ]);
    expect(stdout).toBe("[a b][$HOME]['][ü][&x=1]");
  });

  it("carries stdin to its end, large and binary", async () => {
    const text = "0123456789abcde\n".repeat(200_000);
    const { code, stdout } = await kit.kubectl(["exec", "-i", "busy", "--", "cat"], { stdin: text });
    expect(code).toBe(0);
    expect(stdout.length).toBe(text.length);
    expect(stdout === text).toBe(true);
  });

  it("gives a terminal its size and the command's exit code", async () => {
    kit.processes.sizes.length = 0;
    const { code, stdout } = await inTerminal("exec -it busy -- sh -c 'tty; exit 5'");
    expect(stdout).toContain("/dev/pts/");
    expect(code).toBe(5);
    expect(kit.processes.sizes).toContainEqual({ columns: 91, rows: 33 });
  });

  it("ends the command when the client goes", async () => {
    const child = kit.startKubectl(["exec", "busy", "--", "sleep", "600"]);
    await eventually(() => kit.processes.alive.size === 1);
    child.kill("SIGKILL");
    await eventually(() => kit.processes.alive.size === 0);
    expect(kit.processes.alive.size).toBe(0);
  });

  it("runs nothing beside the agent, and says why nothing runs", async () => {
    for (const container of ["sidecars", "airlock"]) {
      const { code, stderr } = await kit.kubectl(["exec", "busy", "-c", container, "--", "true"]);
      expect(code).toBe(1);
      expect(stderr).toContain("commands run in the agent only");
    }
    const start = Date.now();
    expect((await kit.kubectl(["exec", "asleep", "--", "true"])).stderr).toBe(
      "error: container agent of asleep does not run (not observed yet)\n",
    );
    expect((await inTerminal("exec -it asleep -- sh")).stdout).toContain("agent of asleep does not run");
    expect((await inTerminal("attach -it asleep")).stdout).toContain("agent of asleep does not run");
    // a connection that the server does not close would keep each of them for half a minute
    expect(Date.now() - start).toBeLessThan(10_000);
    expect((await kit.kubectl(["exec", "nobody", "--", "true"])).stderr).toContain('pods "nobody" not found');
  });

  it("refuses the older protocol with a word on what to use", async () => {
    const old = { env: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: "false" } };
    const { code, stderr } = await kit.kubectl(["exec", "busy", "--", "true"], old);
    expect(code).toBe(1);
    expect(stderr).toMatch(/speaks WebSocket .* use kubectl 1.31 or newer, or bb exec/);
  });
});

describe("kubectl cp", () => {
  it("copies in and out through exec and tar", async () => {
    const source = kit.file("there.txt", "content\n");
    const target = join(kit.folder, "copied.txt");
    const sent = await kit.kubectl(["cp", source, `busy:${target}`]);
    expect(sent.code, sent.stderr).toBe(0);
    const back = join(kit.folder, "back.txt");
    const fetched = await kit.kubectl(["cp", `busy:${target}`, back]);
    expect(fetched.code, fetched.stderr).toBe(0);
    expect((await kit.kubectl(["exec", "busy", "--", "cat", back])).stdout).toBe("content\n");
  });
});

describe("kubectl attach", () => {
  it("starts the provider's command in a terminal and exits with its code", async () => {
    const { code, stdout } = await inTerminal("attach -it busy", "hi\n");
    expect(stdout).toContain("attached");
    expect(stdout).toContain("got hi");
    expect(code).toBe(3);
  });
});
