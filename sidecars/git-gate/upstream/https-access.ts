import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { HookSocket } from "../hooks/hook-socket.ts";
import { CREDENTIAL_HOOK, HOOK_NONCE, HOOK_SOCKET } from "../hooks/hook-wire.ts";
import { type Environment, gitSettings } from "../process/environment.ts";
import type { Access, Passage } from "./access.ts";
import { assertSafePath } from "./ssh-config.ts";

/** what forges take for a name beside a token that says who it is */
const NAME_OF_A_TOKEN = "x-access-token";

export interface HttpsAccessParts {
  /** of this remote and run alone */
  readonly folder: string;
  readonly hooksFolder: string;
  readonly hooks: HookSocket;
  readonly url: string;
  /** a token, or `USER:PASSWORD`; nothing is sent when absent */
  readonly secret: string | undefined;
  /** PEM; the system's roots when absent */
  readonly caBundle: string | undefined;
}

/**
 * Over https: no redirects, no proxies, no cookies. A server that asks gets the secret, which git gets from this
 * process over the hook socket, each run with a nonce of its own: it is in no file, argument or variable.
 */
export class HttpsAccess implements Access {
  readonly #parts: HttpsAccessParts;
  readonly #environment: Environment;

  constructor(parts: HttpsAccessParts) {
    this.#parts = parts;
    this.#environment = { GIT_ALLOW_PROTOCOL: "https", ...gitSettings(settingsOf(parts)) };
  }

  enter(): Promise<Passage> {
    const lent = this.#parts.hooks.lend((wanted) => this.#answer(wanted));
    const ask = { [HOOK_SOCKET]: this.#parts.hooks.path, [HOOK_NONCE]: lent.nonce };
    return Promise.resolve({
      environment: { ...this.#environment, ...ask },
      isReused: false,
      leave: () => lent.forget(),
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Only the declared host gets the secret, whatever git was led to. */
  #answer(wanted: ReadonlyMap<string, string>): string | undefined {
    const { url, secret } = this.#parts;
    const { host } = new URL(url);
    if (secret === undefined || wanted.get("protocol") !== "https") return undefined;
    // git writes the port as the URL has it
    if (wanted.get("host") !== host && wanted.get("host") !== `${host}:443`) return undefined;
    const border = secret.indexOf(":");
    const [name, password] =
      border === -1 ? [NAME_OF_A_TOKEN, secret] : [secret.slice(0, border), secret.slice(border + 1)];
    return `username=${name}\npassword=${password}\n`;
  }
}

function settingsOf(parts: HttpsAccessParts): readonly (readonly [string, string])[] {
  const helper = join(parts.hooksFolder, CREDENTIAL_HOOK);
  assertSafePath(helper);
  return [
    ["http.followRedirects", "false"],
    ["http.proxy", ""],
    ["http.sslVerify", "true"],
    ["http.lowSpeedLimit", "1"],
    ["http.lowSpeedTime", "60"],
    ...trustOf(parts),
    // an empty one makes git forget the others
    ["credential.helper", ""],
    // git gives it to a shell, and asks for nothing but a credential
    ["credential.helper", `!f() { test "$1" = get && exec ${helper}; }; f`],
  ];
}

/** A CA bundle stands instead of the system's roots, not beside them. */
function trustOf({ folder, caBundle }: HttpsAccessParts): readonly (readonly [string, string])[] {
  if (caBundle === undefined) return [];
  const [file, nothing] = [join(folder, "ca.pem"), join(folder, "no-roots")];
  mkdirSync(nothing, { recursive: true, mode: 0o700 });
  writeFileSync(file, caBundle, { mode: 0o600 });
  return [
    ["http.sslCAInfo", file],
    ["http.sslCAPath", nothing],
  ];
}
