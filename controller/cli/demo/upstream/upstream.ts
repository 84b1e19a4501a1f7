import { readFileSync } from "node:fs";
import type { OutsideContainer, OutsideSpec } from "../../../../local-runtime/docker/outside-container.ts";
import { createSshKey } from "../../../ssh-keys.ts";

const FOLDER = "/upstream";
const PORT = 2222;
/** the image's user with a shell, without which sshd lets nobody in */
const USER = { id: 1000, name: "node", home: "/home/node" };
const REPOSITORY = `${USER.home}/app.git`;

const SSHD_CONFIG = `Port ${PORT}
HostKey ${FOLDER}/host-key
AuthorizedKeysFile ${FOLDER}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
`;

/** A git server over ssh that is not started yet, with the keys to both of its sides. */
export interface UpstreamPlan {
  readonly spec: OutsideSpec;
  /** lets in who has it */
  readonly privateKey: string;
  /** type and body of its host key, as in known_hosts */
  readonly hostKey: string;
}

/** Plans a git server with fresh keys; `image` has git, sshd and the agent's user. */
export function planUpstream(image: string): UpstreamPlan {
  const host = createSshKey();
  const client = createSshKey();
  const files = {
    [`${FOLDER}/serve.sh`]: readFileSync(new URL("./serve.sh", import.meta.url), "utf8"),
    [`${FOLDER}/sshd_config`]: SSHD_CONFIG,
    [`${FOLDER}/host-key`]: host.privateKey,
    [`${FOLDER}/authorized_keys`]: `${client.publicKey}\n`,
  };
  const argv = ["/bin/bash", `${FOLDER}/serve.sh`, FOLDER, String(PORT)];
  return {
    spec: { name: "git", image, user: USER.id, argv, files, port: PORT },
    privateKey: client.privateKey,
    hostKey: host.publicKey,
  };
}

/** The repository as somebody outside of the gate names it. */
export const urlOf = ({ address, port }: OutsideContainer): string =>
  `ssh://${USER.name}@${address}:${port}${REPOSITORY}`;

/** What the upstream has, seen from inside it. */
export interface UpstreamState {
  /** subjects of the commits of main, newest first */
  readonly subjects: readonly string[];
  /** every object, raw, reachable or not */
  readonly objects: string;
}

/** Looks at the repository without asking anybody on the way to it. */
export async function lookAtUpstream(
  upstream: OutsideContainer,
  signal: AbortSignal,
): Promise<UpstreamState> {
  const git = async (...argv: readonly string[]): Promise<string> =>
    (await upstream.run(["git", "-C", REPOSITORY, ...argv], signal)).output;
  const [log, objects] = await Promise.all([
    git("log", "--format=%s", "main"),
    git("cat-file", "--batch", "--batch-all-objects", "--unordered"),
  ]);
  return { subjects: log.split("\n").filter((line) => line !== ""), objects };
}
