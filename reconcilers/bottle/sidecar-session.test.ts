import { duplexPair, type Duplex } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { MAX_LINE_BYTES } from "../../sidecars/wire/control.ts";
import { SandboxNotFoundError } from "../contract/errors.ts";
import { SidecarSessions } from "./sidecar-sessions.ts";
import { SidecarSession, SidecarsRefusedError, SidecarsSilentError } from "./sidecar-session.ts";

const REPORT = { policyHash: "p", secretVersions: {}, probeNonces: [], remotes: [], asks: [], spent: [] };
const TIMEOUT_MS = 30;

interface Request {
  readonly kind: string;
  readonly session: string;
  readonly id: number;
}

/** The sidecars' end: what came in, and a way to say anything. */
class OtherEnd {
  readonly stream: Duplex;
  readonly received: string[] = [];
  /** called for each request */
  onRequest: (request: Request) => void = () => undefined;

  constructor(stream: Duplex) {
    this.stream = stream;
    let rest = "";
    stream.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        this.received.push(line);
        if (line !== "") this.onRequest(JSON.parse(line) as Request);
      }
    });
    stream.on("error", () => undefined);
  }

  answer(
    { session, id }: Pick<Request, "session" | "id">,
    sequence: number,
    more: object = { kind: "report", report: REPORT },
  ): void {
    this.stream.write(`${JSON.stringify({ session, id, sequence, ...more })}\n`);
  }
}

function aChannel(): { session: SidecarSession; other: OtherEnd } {
  const [inside, outside] = duplexPair();
  return { session: new SidecarSession(outside), other: new OtherEnd(inside) };
}

const soon = () => AbortSignal.timeout(TIMEOUT_MS);
const patience = () => AbortSignal.timeout(5_000);

describe("a session with the sidecars", () => {
  let open: SidecarSession | undefined;
  afterEach(() => open?.close());
  const start = (): ReturnType<typeof aChannel> => {
    const channel = aChannel();
    open = channel.session;
    return channel;
  };

  it("starts with a newline, because somebody may have been killed in mid-line", async () => {
    const { session, other } = start();
    other.onRequest = (request) => other.answer(request, 1);

    await session.ask({ kind: "report" }, patience());

    expect(other.received[0]).toBe("");
    expect(JSON.parse(other.received[1] ?? "")).toMatchObject({ kind: "report", id: 1 });
  });

  it("takes answers to its own questions, in any order", async () => {
    const { session, other } = start();
    const requests: Request[] = [];
    other.onRequest = (request) => {
      requests.push(request);
      if (requests.length < 2) return;
      other.answer(requests[1]!, 1, { kind: "report", report: { ...REPORT, policyHash: "second" } });
      other.answer(requests[0]!, 2, { kind: "report", report: { ...REPORT, policyHash: "first" } });
    };

    const answers = await Promise.all([1, 2].map(() => session.ask({ kind: "report" }, patience())));

    expect(answers.map(({ policyHash }) => policyHash)).toEqual(["first", "second"]);
  });

  it.each([
    { what: "half a line", lie: () => '{"kind":"repo' },
    { what: "something that is not an answer", lie: () => '{"enforced":true}' },
    {
      what: "another session's answer",
      lie: ({ id }: Request) =>
        JSON.stringify({ kind: "report", session: "s", id, sequence: 9, report: REPORT }),
    },
    {
      what: "an answer that nobody asked for",
      lie: ({ session }: Request) =>
        JSON.stringify({ kind: "report", session, id: 77, sequence: 1, report: REPORT }),
    },
  ])("passes over $what", async ({ lie }) => {
    const { session, other } = start();
    other.onRequest = (request) => {
      other.stream.write(`${lie(request)}\n`);
      other.answer(request, 10, { kind: "report", report: { ...REPORT, policyHash: "true" } });
    };

    expect(await session.ask({ kind: "report" }, patience())).toMatchObject({ policyHash: "true" });
  });

  it("does not take an answer whose sequence does not grow: it is an echo of an old one", async () => {
    const { session, other } = start();
    other.onRequest = (request) => other.answer(request, 5);
    await session.ask({ kind: "report" }, patience());

    await expect(session.ask({ kind: "report" }, soon())).rejects.toThrow(SidecarsSilentError);
  });

  it("says that they refused, in their words", async () => {
    const { session, other } = start();
    other.onRequest = (request) => other.answer(request, 1, { kind: "refused", message: "unknown field" });

    await expect(session.ask({ kind: "report" }, patience())).rejects.toThrow(
      new SidecarsRefusedError("unknown field"),
    );
  });

  it("counts no answer in time as silence", async () => {
    const { session } = start();

    await expect(session.ask({ kind: "report" }, soon())).rejects.toMatchObject({ channelEnded: false });
  });

  it("counts the end of the channel as silence at once", async () => {
    const { session, other } = start();
    other.onRequest = () => other.stream.destroy();

    await expect(session.ask({ kind: "report" }, patience())).rejects.toMatchObject({ channelEnded: true });
    expect(session.isOpen).toBe(false);
  });

  it("ends itself on a line without end", async () => {
    const { session, other } = start();
    other.onRequest = () => other.stream.write(Buffer.alloc(MAX_LINE_BYTES + 1, "x"));

    await expect(session.ask({ kind: "report" }, patience())).rejects.toThrow(SidecarsSilentError);
    expect(session.isOpen).toBe(false);
  });
});

describe("the sessions", () => {
  it("use one attach for a sandbox, and another one when it ended", async () => {
    const others: OtherEnd[] = [];
    const sessions = new SidecarSessions({ open: async () => opened(others) }, 5_000);
    const ask = () => sessions.ask("bb-1-sidecars", { kind: "report" }, patience());
    await ask();
    await ask();
    expect(others).toHaveLength(1);

    others[0]?.stream.destroy();
    await ask();

    expect(others).toHaveLength(2);
    sessions.forget("bb-1-sidecars");
  });

  it("attach anew after silence, because a late answer may still come", async () => {
    const others: OtherEnd[] = [];
    let isSilent = true;
    const sessions = new SidecarSessions({ open: async () => opened(others, () => isSilent) }, TIMEOUT_MS);
    const ask = () => sessions.ask("bb-1-sidecars", { kind: "report" }, patience());
    await expect(ask()).rejects.toThrow(SidecarsSilentError);

    isSilent = false;
    await ask();

    expect(others).toHaveLength(2);
    sessions.forget("bb-1-sidecars");
  });

  it("tell sandboxes apart", async () => {
    const others: OtherEnd[] = [];
    const sessions = new SidecarSessions({ open: async () => opened(others) }, 5_000);

    await Promise.all(["a", "b"].map((name) => sessions.ask(name, { kind: "report" }, patience())));

    expect(others).toHaveLength(2);
    for (const name of ["a", "b"]) sessions.forget(name);
  });

  it("say when there is nothing to attach to", async () => {
    const open = async () => Promise.reject(new SandboxNotFoundError("no sandbox"));
    const sessions = new SidecarSessions({ open }, TIMEOUT_MS);

    await expect(sessions.ask("a", { kind: "report" }, patience())).rejects.toThrow(SandboxNotFoundError);
  });

  function opened(others: OtherEnd[], isSilent: () => boolean = () => false): Duplex {
    const [inside, outside] = duplexPair();
    const other = new OtherEnd(inside);
    let sequence = 0;
    other.onRequest = (request) => {
      if (!isSilent()) other.answer(request, (sequence += 1));
    };
    others.push(other);
    return outside;
  }
});
