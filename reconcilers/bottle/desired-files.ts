import type { GitUser } from "../../crds/git.ts";
import type { ProvisionedFile } from "../contract/sandbox-runtime.ts";
import {
  AGENT_USER,
  CA_BUNDLE_PATH,
  CA_PATH,
  HOME_PATH,
  PROMPT_PATH,
  SYSTEM_BUNDLE_PATH,
} from "../shared/agent-paths.ts";
import type { EffectiveBottle } from "./effective-bottle.ts";

const ROOT = { uid: 0, gid: 0 };

/** Files outside the home: what the agent trusts. Root's, so that the agent cannot change them. */
export function desiredFiles(caCertificatePem: string, rootCertificatesPem: string): ProvisionedFile[] {
  const bundle = `${rootCertificatesPem.trimEnd()}\n${caCertificatePem}`;
  const files: [path: string, content: string][] = [
    [CA_PATH, caCertificatePem],
    [CA_BUNDLE_PATH, bundle],
    [SYSTEM_BUNDLE_PATH, bundle],
  ];
  return files.map(([path, content]) => ({ path, content, mode: 0o644, owner: ROOT }));
}

/** Files of a new home, the agent's own. */
export function desiredHomeFiles(effective: EffectiveBottle): ProvisionedFile[] {
  const { fields, spec, provider } = effective;
  const facts = { display: spec.display ?? {}, model: fields.provider?.model };
  const own = provider
    .homeFiles(facts)
    .map((file) => ({ ...file, path: `${HOME_PATH}/${file.path}`, owner: AGENT_USER }));
  return [...desiredKeptFiles(effective), ...own];
}

/**
 * The files of a home that follow the spec for as long as the bottle lives. A provider's own are not among them: its
 * CLI keeps its state there.
 */
export function desiredKeptFiles({ fields, prompt }: EffectiveBottle): ProvisionedFile[] {
  const user = fields.git?.user;
  return [
    { path: PROMPT_PATH, content: prompt, mode: 0o600, owner: AGENT_USER },
    ...(user === undefined
      ? []
      : [{ path: `${HOME_PATH}/.gitconfig`, content: gitConfig(user), mode: 0o600, owner: AGENT_USER }]),
  ];
}

function gitConfig({ name, email }: GitUser): string {
  const lines = Object.entries({ name, email })
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `\t${key} = "${escaped(value ?? "")}"\n`);
  return `[user]\n${lines.join("")}`;
}

/** as git reads a quoted value: backslash and quote escaped, nothing that ends the line */
const escaped = (value: string): string =>
  value
    .replaceAll(/[\r\n\0]/g, " ")
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"');
