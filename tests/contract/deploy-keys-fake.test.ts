import { FakeDeployKeys, FakeForge } from "../../local-runtime/fake/fake-deploy-keys.ts";
import { describeDeployKeys } from "./deploy-keys.contract.ts";

describeDeployKeys("fake", async () => {
  const forge = new FakeForge();
  return {
    create: () => new FakeDeployKeys(forge),
    aPlace: async (bottleUid) => ({
      bottleUid,
      remote: "app",
      forgeUrl: "https://forge.example.com",
      repository: `team/${bottleUid}`,
    }),
    token: forge.token,
    keysAt: async ({ repository }) =>
      forge.keysOf(repository).map(({ title, readOnly }) => ({ title, readOnly })),
    addForeignKey: async ({ repository }, title) => {
      forge.keys.push({ repository, title, version: title, readOnly: true });
    },
    removeKeys: async ({ repository }) => {
      forge.keys = forge.keys.filter((key) => key.repository !== repository);
    },
    cleanup: async () => undefined,
  };
});
