import { chmodSync } from "node:fs";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { randomBytes } from "node:crypto";
import { LineReader } from "../../shared/line-reader.ts";
import {
  CREDENTIAL_HOOK,
  type CredentialAnswer,
  type CredentialCall,
  type HookAnswer,
  type HookCall,
} from "./hook-wire.ts";

const MAX_CALL_BYTES = 16 * 1024 * 1024;

/** Answers the hooks of one push. `say` gives words to the client while it works. */
export type AnswerHook = (
  call: HookCall,
  say: (words: string) => void,
) => Promise<Extract<HookAnswer, { accept: boolean }>>;

/** Gives what a credential helper asks for, by the attributes of git's question; nothing when undefined. */
export type LendCredential = (wanted: ReadonlyMap<string, string>) => string | undefined;

/** A unix socket where hooks ask the gate. Each push has a nonce; without it there is no answer. */
export class HookSocket {
  readonly path: string;
  readonly #pushes = new Map<string, AnswerHook>();
  readonly #credentials = new Map<string, LendCredential>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(path: string) {
    this.path = path;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  async listen(): Promise<void> {
    this.#server.listen(this.path);
    await once(this.#server, "listening");
    chmodSync(this.path, 0o600);
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Lets the hooks of a push be answered, until `forget`. */
  expect(answer: AnswerHook): { readonly nonce: string; forget(): void } {
    const nonce = randomBytes(32).toString("base64url");
    this.#pushes.set(nonce, answer);
    return { nonce, forget: () => this.#pushes.delete(nonce) };
  }

  /** Lets the credential helper of one run of git be answered, until `forget`. */
  lend(give: LendCredential): { readonly nonce: string; forget(): void } {
    const nonce = randomBytes(32).toString("base64url");
    this.#credentials.set(nonce, give);
    return { nonce, forget: () => this.#credentials.delete(nonce) };
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    const lines = new LineReader(MAX_CALL_BYTES);
    let [bytes, isAsked] = [0, false];
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_CALL_BYTES) socket.destroy();
      const [call] = isAsked ? [] : lines.push(chunk);
      if (call === undefined) return;
      isAsked = true;
      void this.#answer(call, socket);
    });
  }

  async #answer(line: string, socket: Socket): Promise<void> {
    const write = (answer: HookAnswer | CredentialAnswer): void =>
      void (socket.writable && socket.write(`${JSON.stringify(answer)}\n`));
    try {
      const call = JSON.parse(line) as HookCall | CredentialCall;
      if (call.hook === CREDENTIAL_HOOK) return write({ credential: this.#credentialFor(call) });
      const answer = this.#pushes.get(call.nonce);
      if (answer !== undefined) write(await answer(call, (say) => write({ say })));
    } catch {
      // what it hears nothing of, a hook refuses
      write({ say: "git-gate: the push could not be judged" });
    } finally {
      socket.end();
    }
  }

  #credentialFor({ nonce, wanted }: CredentialCall): string {
    const attributes = [...wanted.matchAll(/^([a-z]+)=(.*)$/gm)].map(
      ([, key = "", value = ""]) => [key, value] as const,
    );
    return this.#credentials.get(nonce)?.(new Map(attributes)) ?? "";
  }
}
