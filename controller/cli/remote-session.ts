import type { ApiClient } from "./api/api-client.ts";
import { openRemoteCommand, type RemoteCommand } from "./api/remote-command.ts";
import { CliError, EXIT } from "./cli-error.ts";
import type { CommandContext } from "./context.ts";
import { escapeUntrusted } from "../escape.ts";
import { TerminalFilter } from "./output/terminal-filter.ts";
import type { Terminal } from "./output/terminal.ts";

export interface RemoteSession {
  /** of a Pod's exec or attach, with its query */
  readonly path: string;
  readonly stdin: boolean;
  readonly tty: boolean;
  readonly signal: AbortSignal;
}

/** Connects this terminal to a command in a bottle until it ends; resolves with its exit code. */
export async function runRemoteSession(
  context: CommandContext,
  client: ApiClient,
  session: RemoteSession,
): Promise<number> {
  const { terminal } = context;
  const hangUp = session.tty ? onHangUp() : NEVER;
  const signal = AbortSignal.any([session.signal, hangUp.signal]);
  const { onOutput, undo } = outputTo(terminal, session.tty);
  const events = { onOutput, onDrain: () => void terminal.stdin.resume() };
  const command = await openRemoteCommand(client, session.path, events, signal);
  const giveBack = session.tty ? takeTerminal(terminal, command) : () => undefined;
  const stopInput = session.stdin ? pipeInput(terminal, command) : () => undefined;
  try {
    return await command.exitCode;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    hangUp.forget();
    stopInput();
    undo();
    giveBack();
  }
}

const NEVER = { signal: new AbortController().signal, forget: () => undefined };

/** A terminal that is taken has to be given back; without one, as under nohup, a hang-up is the system's affair. */
function onHangUp(): { readonly signal: AbortSignal; forget(): void } {
  const hungUp = new AbortController();
  const listener = (): void => hungUp.abort(new CliError("the terminal hung up", { exitCode: EXIT.hungUp }));
  process.once("SIGHUP", listener);
  return { signal: hungUp.signal, forget: () => void process.off("SIGHUP", listener) };
}

/**
 * Where output goes. On a terminal nothing of the bottle acts beyond its window; in a pipe or a file the bytes are
 * what the command wrote.
 */
function outputTo(
  terminal: Terminal,
  tty: boolean,
): { onOutput(channel: "stdout" | "stderr", output: Buffer): void; undo(): void } {
  const filters = { stdout: new TerminalFilter(), stderr: new TerminalFilter() };
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  return {
    onOutput(channel, output) {
      const target = terminal[channel];
      if (target.isTTY !== true) target.write(output);
      else if (tty) target.write(filters[channel].pass(output));
      else target.write(escapeUntrusted(decoders[channel].decode(output, { stream: true })));
    },
    undo() {
      if (tty && terminal.stdout.isTTY === true) terminal.stdout.write(filters.stdout.undo());
    },
  };
}

function takeTerminal(terminal: Terminal, command: RemoteCommand): () => void {
  const screen = terminal.stdout;
  const keyboard = terminal.stdin as NodeJS.ReadStream;
  const resize = (): void => command.resize({ columns: screen.columns ?? 80, rows: screen.rows ?? 24 });
  resize();
  screen.on("resize", resize);
  if (keyboard.isTTY) keyboard.setRawMode(true);
  return () => {
    screen.off("resize", resize);
    if (keyboard.isTTY) keyboard.setRawMode(false);
  };
}

function pipeInput(terminal: Terminal, command: RemoteCommand): () => void {
  const { stdin } = terminal;
  const onData = (input: Buffer): void => {
    if (!command.send(input)) stdin.pause();
  };
  const onEnd = (): void => command.endInput();
  stdin.on("data", onData);
  stdin.once("end", onEnd);
  return () => {
    stdin.off("data", onData);
    stdin.off("end", onEnd);
    stdin.pause();
  };
}
