import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { bottles } from "../../crds/resources.ts";
import { sandboxName } from "../../reconcilers/shared/naming.ts";
import { type ApiServerKit, eventually, startApiServer } from "./api-server-kit.ts";

let kit: ApiServerKit;
beforeEach(async () => {
  kit = await startApiServer();
  for (const name of ["busy", "asleep"]) {
    const metadata = { name, namespace: "default" };
    kit.store.create(bottles, { apiVersion: "bot-bottle.dev/v1alpha1", kind: "Bottle", metadata, spec: {} });
  }
  const { uid } = kit.store.get(bottles, { namespace: "default", name: "busy" })?.metadata ?? { uid: "" };
  kit.processes.running.add(sandboxName(uid, "agent"));
});
afterEach(() => kit.close());

interface Session {
  readonly socket: WebSocket;
  readonly received: { readonly channel: number; readonly text: string }[];
  /** milliseconds until the connection was closed; undefined while it is open */
  readonly closedAfter: () => number | undefined;
}

function open(
  argv: readonly string[],
  about: { readonly pod?: string; readonly protocol?: string } = {},
): Session {
  const command = argv.map((word) => `command=${encodeURIComponent(word)}`).join("&");
  const url = `wss://127.0.0.1:${kit.port}/api/v1/namespaces/default/pods/${about.pod ?? "busy"}/exec?stdin=true&stdout=true&stderr=true&${command}`;
  const headers = { authorization: `Bearer ${kit.api.token}` };
  const socket = new WebSocket(url, [about.protocol ?? "v5.channel.k8s.io"], { ca: kit.api.caPem, headers });
  const received: { channel: number; text: string }[] = [];
  const start = Date.now();
  let closed: number | undefined;
  socket.on("message", (message: Buffer) => {
    if (message.length > 1)
      received.push({ channel: message[0] ?? -1, text: message.subarray(1).toString() });
  });
  socket.on("close", () => (closed = Date.now() - start));
  socket.on("error", () => undefined);
  return { socket, received, closedAfter: () => closed };
}

const textOn = ({ received }: Session, channel: number): string =>
  received
    .filter((each) => each.channel === channel)
    .map(({ text }) => text)
    .join("");

const isOpen = ({ socket }: Session): boolean => socket.readyState === WebSocket.OPEN;

describe("a terminal session", () => {
  it("speaks v5 and v4, and ends with a Status and a close at once", async () => {
    for (const protocol of ["v5.channel.k8s.io", "v4.channel.k8s.io"]) {
      const session = open(["sh", "-c", "echo out; echo err >&2; exit 9"], { protocol });
      await eventually(() => session.closedAfter() !== undefined);
      expect(session.socket.protocol).toBe(protocol);
      expect([textOn(session, 1), textOn(session, 2)]).toEqual(["out\n", "err\n"]);
      expect(JSON.parse(textOn(session, 3))).toMatchObject({
        status: "Failure",
        reason: "NonZeroExitCode",
        details: { causes: [{ reason: "ExitCode", message: "9" }] },
      });
      expect(session.closedAfter()).toBeLessThan(5_000);
    }
  });

  it("closes at once when nothing could be started", async () => {
    const session = open(["true"], { pod: "asleep" });
    await eventually(() => session.closedAfter() !== undefined);
    expect(JSON.parse(textOn(session, 3))).toMatchObject({ status: "Failure", reason: "BadRequest" });
    expect(session.closedAfter()).toBeLessThan(5_000);
  });

  it("ends stdin by the close message of v5, and is not upset by nonsense", async () => {
    const session = open(["cat"]);
    await eventually(() => isOpen(session));
    session.socket.send(Buffer.from([9, 1, 2, 3]));
    session.socket.send(Buffer.from([4, ...Buffer.from("not json")]));
    session.socket.send(Buffer.from([4, ...Buffer.from('{"Width":-1,"Height":1e9}')]));
    session.socket.send(Buffer.alloc(0));
    session.socket.send(Buffer.from([255, 1]));
    session.socket.send(Buffer.from([0, ...Buffer.from("hello")]));
    session.socket.send(Buffer.from([255, 0]));
    await eventually(() => session.closedAfter() !== undefined);
    expect(textOn(session, 1)).toBe("hello");
    expect(JSON.parse(textOn(session, 3))).toMatchObject({ status: "Success" });
    expect(kit.processes.sizes).toEqual([]);
  });

  it("is cut off by a message that is too long", async () => {
    const session = open(["cat"]);
    await eventually(() => isOpen(session));
    session.socket.send(Buffer.alloc(1024 * 1024 + 1));
    await eventually(() => session.closedAfter() !== undefined && kit.processes.alive.size === 0);
    expect(textOn(session, 1)).toBe("");
  });

  it("reads no more of a command than its client takes", async () => {
    const session = open(["sh", "-c", "yes | head -c 300000000"]);
    await eventually(() => isOpen(session));
    session.socket.pause();
    await eventually(() => kit.processes.bytesRead() > 0);
    let [before, now] = [-1, 0];
    while (now !== before) {
      before = now;
      await sleep(300);
      now = kit.processes.bytesRead();
    }
    expect(now).toBeLessThan(30_000_000);
    expect(kit.processes.alive.size).toBe(1);
    session.socket.terminate();
    await eventually(() => kit.processes.alive.size === 0);
  });

  it("ends its command when the client goes and when the server closes", async () => {
    const left = open(["sleep", "600"]);
    await eventually(() => kit.processes.alive.size === 1);
    left.socket.terminate();
    await eventually(() => kit.processes.alive.size === 0);
    const cut = open(["sleep", "600"]);
    await eventually(() => kit.processes.alive.size === 1);
    const start = Date.now();
    await kit.api.close();
    expect(Date.now() - start).toBeLessThan(5_000);
    await eventually(() => kit.processes.alive.size === 0 && cut.closedAfter() !== undefined);
    expect(cut.socket.readyState).toBe(WebSocket.CLOSED);
  });
});
