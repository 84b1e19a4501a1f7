import { describe, expect, it } from "vitest";
import { FakeEngine } from "../../local-runtime/fake/fake-engine.ts";
import { createFakeExec, type FakeCommandResult } from "../../local-runtime/fake/fake-exec.ts";
import { FakeRuntime } from "../../local-runtime/fake/fake-runtime.ts";
import { createCertificateAuthority } from "../../sidecars/egress/certificates/authority.ts";
import { anOwner, aSandboxSpec } from "../../tests/builders.ts";
import type { SandboxState } from "../contract/sandbox-runtime.ts";
import { AgentChecks } from "./agent-checks.ts";

const { signal } = new AbortController();
const now = new Date("2026-01-01T00:00:00Z");
const ours = createCertificateAuthority({ commonName: "ours", now, days: 1 });
const another = createCertificateAuthority({ commonName: "another", now, days: 1 });
const version = { name: "provider", argv: ["claude", "--version"], outputIncludes: "2.1.197" };

/** checks of an agent in which `cat` and `claude` say this */
async function aWorld(says: { cat: FakeCommandResult; claude?: FakeCommandResult }) {
  const engine = new FakeEngine();
  engine.images.add("image-agent");
  const runtime = new FakeRuntime(engine);
  const spec = aSandboxSpec(anOwner(), "agent");
  await runtime.create(spec);
  await runtime.start(spec.name);
  const exec = createFakeExec(engine, (_sandbox, { argv }) =>
    argv[0] === "cat" ? says.cat : (says.claude ?? { stdout: "", exitCode: 127 }),
  );
  const checks = new AgentChecks(exec);
  const agent = (await runtime.listOf(spec.owner.uid)).sandboxes[0] as SandboxState;
  const observe = (asked = [version]) =>
    checks.observe(agent, { caFingerprint: ours.fingerprint, checks: asked }, signal);
  return { engine, agent, checks, observe };
}

const text = (stdout: string): FakeCommandResult => ({ stdout, exitCode: 0 });

describe("the checks of an agent that was started", () => {
  it("hold when the bottle's CA is there and the provider says its version", async () => {
    const { observe } = await aWorld({
      cat: text(ours.certificatePem),
      claude: text("2.1.197 (Claude Code)\n"),
    });

    expect(await observe()).toEqual({ kind: "passed" });
  });

  it.each([
    { what: "another CA", cat: text(another.certificatePem), says: "is not the bottle's CA certificate" },
    { what: "something else in its place", cat: text("hello"), says: "is not the bottle's CA certificate" },
    { what: "nothing there", cat: { stdout: "", exitCode: 1 }, says: "could not be read" },
    {
      what: "an agent that talks for ever",
      cat: text("x".repeat(1_000_000)),
      says: "is not the bottle's CA certificate",
    },
  ])("fail with $what", async ({ cat, says }) => {
    const { observe } = await aWorld({ cat });

    const check = await observe([]);

    expect(check).toMatchObject({ kind: "failed", message: expect.stringContaining(says) as string });
  });

  it.each([
    { what: "another version", claude: text("1.0.0") },
    { what: "no CLI", claude: { stdout: "", exitCode: 127 } },
  ])("fail with $what in an image that somebody brought", async ({ claude }) => {
    const { observe } = await aWorld({ cat: text(ours.certificatePem), claude });

    const message = expect.stringContaining("`claude --version` did not say 2.1.197") as string;
    expect(await observe()).toMatchObject({ kind: "failed", message });
  });

  it("are made once for each run of the agent", async () => {
    const { engine, agent, checks, observe } = await aWorld({ cat: text(ours.certificatePem) });
    const execs = () => engine.calls.filter((call) => call.startsWith("exec")).length;
    await observe([]);
    await observe([]);
    expect(execs()).toBe(1);

    const restarted = { ...agent, startedAt: new Date(now.getTime() + 1) };
    await checks.observe(restarted, { caFingerprint: ours.fingerprint, checks: [] }, signal);

    expect(execs()).toBe(2);
  });

  it("are not seen in an agent that just ended", async () => {
    const { engine, agent, observe } = await aWorld({ cat: text(ours.certificatePem) });
    engine.kill(agent.name);

    expect(await observe()).toEqual({ kind: "notSeen" });
  });
});
