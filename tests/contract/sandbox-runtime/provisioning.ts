import { describe, expect, it } from "vitest";
import { AGENT, HOME_PATH, ROOT, type SandboxRuntimeKit } from "./kit.ts";

/** What is in a sandbox before it starts. */
export function describeProvisioning(kit: SandboxRuntimeKit): void {
  describe("provisioning", () => {
    const files = [
      { path: "/etc/bot-bottle/ca.pem", content: "certificate", mode: 0o644, owner: ROOT },
      { path: "/opt/bot-bottle-test/deep/note", content: "ümlaut\n", mode: 0o400, owner: AGENT },
    ];
    const homeFiles = [
      { path: `${HOME_PATH}/.bot-bottle-prompt.txt`, content: "", mode: 0o600, owner: AGENT },
      { path: `${HOME_PATH}/.config/deep/settings.json`, content: "{}", mode: 0o640, owner: AGENT },
    ];

    it("writes every file with its content, owner and mode before the start", async () => {
      const { agent } = await kit.aCreatedBottle({ files, homeFiles });

      const seen = await Promise.all(
        [...files, ...homeFiles].map(({ path }) => kit.harness.readFile(agent.name, path)),
      );

      expect(seen).toEqual(
        [...files, ...homeFiles].map(({ content, mode, owner }) => ({ content, mode, ...owner })),
      );
      expect(await kit.phaseOf(agent)).toBe("created");
    });

    it("writes again into a sandbox that was never started, as after a crash between create and write", async () => {
      const { agent } = await kit.aCreatedBottle();
      expect(await kit.harness.readFile(agent.name, files[0]?.path ?? "")).toBeUndefined();

      const later = await kit.harness.createRuntime(kit.instance);
      await later.create({ ...agent, files }, kit.signal);

      expect(await kit.harness.readFile(agent.name, files[0]?.path ?? "")).toMatchObject({
        content: "certificate",
      });
    });

    it("writes nothing into a sandbox that has lived", async () => {
      const { agent } = await kit.aRunningBottle();
      await kit.runtime.stop(agent.name, { graceMs: 1_000 }, kit.signal);

      const later = await kit.harness.createRuntime(kit.instance);
      await later.create({ ...agent, files, homeFiles }, kit.signal);

      for (const { path } of [...files, ...homeFiles]) {
        expect(await kit.harness.readFile(agent.name, path)).toBeUndefined();
      }
    });

    it("keeps what lies in the home when the agent's sandbox is made anew", async () => {
      const { agent } = await kit.aCreatedBottle({ homeFiles });
      await kit.runtime.remove(agent.name, kit.signal);

      await kit.runtime.create({ ...agent, homeFiles: undefined }, kit.signal);

      expect(await kit.harness.readFile(agent.name, homeFiles[1]?.path ?? "")).toMatchObject({
        content: "{}",
      });
    });
  });
}
