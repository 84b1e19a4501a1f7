import type { ProvisionedFile } from "../contract/sandbox-runtime.ts";
import {
  AGENT_USER,
  CA_BUNDLE_PATH,
  CA_PATH,
  GIT_CONFIG_PATH,
  HOME_PATH,
  JAVA_TRUST_STORE_PATH,
  PROMPT_PATH,
  SYSTEM_BUNDLE_PATH,
} from "../shared/agent-paths.ts";
import type { EffectiveBottle } from "./effective-bottle.ts";
import { agentGitConfig } from "./git/agent-git-config.ts";
import { javaTrustStore } from "./java-trust-store.ts";
import type { Demands } from "./secret-uses.ts";

const ROOT = { uid: 0, gid: 0 };

/** Files outside the home: what the agent trusts. Root's, so that the agent cannot change them. */
export function desiredFiles(caCertificatePem: string, rootCertificatesPem: string): ProvisionedFile[] {
  const bundle = `${rootCertificatesPem.trimEnd()}\n${caCertificatePem}`;
  const files: [path: string, content: string][] = [
    [CA_PATH, caCertificatePem],
    [CA_BUNDLE_PATH, bundle],
    [SYSTEM_BUNDLE_PATH, bundle],
  ];
  return [
    ...files.map(([path, content]) => ({ path, content, mode: 0o644, owner: ROOT })),
    {
      path: JAVA_TRUST_STORE_PATH,
      content: javaTrustStore(caCertificatePem).toString("base64"),
      encoding: "base64",
      mode: 0o644,
      owner: ROOT,
    },
  ];
}

/** Files of a new home beside those that are kept, the agent's own. */
export function desiredHomeFiles({ fields, spec, provider }: EffectiveBottle): ProvisionedFile[] {
  const facts = { display: spec.display ?? {}, model: fields.provider?.model };
  const own = provider
    .homeFiles(facts)
    .map((file) => ({ ...file, path: `${HOME_PATH}/${file.path}`, owner: AGENT_USER }));
  return [ownFile(`${HOME_PATH}/.gitconfig`, INCLUDING), ...own];
}

/** What the agent sets with `git config --global` stands below this and outlasts a change of the spec. */
const INCLUDING = `[include]\n\tpath = ${GIT_CONFIG_PATH}\n`;

/**
 * The files of a home that follow the spec for as long as the bottle lives. A provider's own are not among them: its
 * CLI keeps its state there.
 */
export function desiredKeptFiles({ fields, prompt }: EffectiveBottle, demands: Demands): ProvisionedFile[] {
  return [
    ownFile(PROMPT_PATH, prompt),
    ownFile(
      GIT_CONFIG_PATH,
      agentGitConfig(fields.git?.user, { remotes: demands.remotes, routes: demands.egress.routes }),
    ),
  ];
}

const ownFile = (path: string, content: string): ProvisionedFile => ({
  path,
  content,
  mode: 0o600,
  owner: AGENT_USER,
});
