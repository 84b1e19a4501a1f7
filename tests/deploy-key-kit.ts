import type { BottleSpec } from "../crds/bottle.ts";
import type { GitRemote } from "../crds/git-remote.ts";
import type { BottleWorld } from "./bottle-world.ts";

/** A remote for which the world's forge makes a deploy key. */
export const APP: GitRemote = {
  name: "app",
  url: "ssh://git@git.example.com:2222/team/app.git",
  identity: { secretRef: { name: "forge", key: "token" } },
  keyProvider: "gitea",
  knownHost: "[git.example.com]:2222 ssh-ed25519 AAAA",
};

/** A Bottle with these remotes. */
export const spec = (...remotes: GitRemote[]): BottleSpec => ({ git: { remotes } });

/** Gives the world the API token, bound to the forge unless the test says otherwise. */
export function giveToken(
  { secrets, forge }: BottleWorld,
  hosts: readonly string[] = ["git.example.com"],
): void {
  secrets.set("forge", { hosts, key: "token", value: forge.token, version: "1" });
}
