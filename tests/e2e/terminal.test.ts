import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { aDockerBb, makeReady, type DockerBb } from "./docker-kit.ts";
import { aTerminal, type TestTerminal } from "./terminal-kit.ts";

const BB = fileURLToPath(new URL("../../bb", import.meta.url));
const SETTINGS_AFTER = 'echo "code=$?"; stty -a; echo over';

let machine: DockerBb;
let terminal: TestTerminal;
beforeAll(async () => {
  machine = aDockerBb();
  // a refusal ends the CLI's first calls at once; a host that nobody finds is tried for half a minute
  const routes = "egress: { routes: [{ host: api.anthropic.com, paths: [/v1/messages] }] }";
  await makeReady(machine, "t", `{ name: claude }, ${routes}`);
});
afterAll(() => machine.end());
afterEach(() => terminal.end());

const onTerminal = async (command: string): Promise<TestTerminal> =>
  (terminal = await aTerminal(`${command}\n${SETTINGS_AFTER}`, machine.bb.environment));

/** what the shell behind `bb` found after it */
const settingsAfter = (): string => terminal.shown().slice(terminal.shown().lastIndexOf("code="));

/** line by line, with signals, and shown as it is typed: how a shell leaves a terminal */
const isOrdinary = (settings: string): boolean =>
  ["icanon", "isig", "echo"].every((each) => settings.split(/\s+/).includes(each));

/** The `bb` that runs on this state folder with these words, not its launcher. */
function processOf(words: string): number {
  const found = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .find((pid) => commandOf(pid).includes("controller/cli/main.ts") && commandOf(pid).includes(words));
  return Number(found);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return ""; // it ended meanwhile
  }
}

describe("bb exec -it", () => {
  it("gives the program the terminal, its size and every change of it, and Ctrl-C; and then the code", async () => {
    await onTerminal(`${BB} exec -it t -- bash --norc`);
    await terminal.until("$ ");
    expect(isOrdinary(await terminal.stty("-a"))).toBe(false);
    terminal.type("stty size\n");
    await terminal.until("24 80");
    await terminal.stty("rows", "40", "cols", "132");
    terminal.type("trap 'echo size is now $(stty size)' WINCH; sleep 0.1; stty size\n");
    await terminal.until("40 132");
    await terminal.stty("rows", "41");
    await terminal.until("size is now 41 132");
    terminal.type("sleep 100\n");
    await terminal.until("sleep 100");
    terminal.type("\u0003");
    await terminal.until("$ ");
    terminal.type("echo interrupted with $?\n");
    await terminal.until("interrupted with 130");
    terminal.type("exit 42\n");
    await terminal.until("code=42");
    await terminal.until("over");
    expect(isOrdinary(settingsAfter())).toBe(true);
  });

  it.each([
    ["SIGTERM", 130],
    ["SIGINT", 130],
    ["SIGHUP", 129],
  ] as const)(
    "restores the terminal when it gets %s, and the program in the bottle ends",
    async (signal, code) => {
      const argument = `6000.${code}${signal.length}`;
      await onTerminal(`${BB} exec -it t -- sh -c 'echo begun; exec sleep ${argument}'`);
      await terminal.until("begun");
      expect(isOrdinary(await terminal.stty("-a"))).toBe(false);
      process.kill(processOf(`sleep ${argument}`), signal);
      await terminal.until(/code=\d+/);
      await terminal.until("over");
      expect(settingsAfter()).toContain(`code=${code}`);
      expect(isOrdinary(settingsAfter())).toBe(true);
      const running = async (): Promise<string> =>
        (await machine.bb(["exec", "t", "--", "ps", "-e", "-o", "args"])).stdout;
      await expect.poll(running).not.toContain(`sleep ${argument}`);
    },
  );

  it("undoes what a program that was cut off did to the screen", async () => {
    const screen = String.raw`printf "\033[?1049h\033[?25l\033[?2004h\033[?1003hdrawn"`;
    await onTerminal(`${BB} exec -it t -- sh -c '${screen}; exec sleep 7001'`);
    await terminal.until("drawn");
    process.kill(processOf("sleep 7001"), "SIGTERM");
    await terminal.until("code=");
    const after = terminal
      .shown()
      .slice(terminal.shown().indexOf("drawn"), terminal.shown().indexOf("code="));
    for (const undone of ["[?1049l", "[?25h", "[?2004l", "[?1003l"]) expect(after).toContain(undone);
  });
});

describe("bb attach", () => {
  it("shows the agent's own screen in the size of the terminal, and gives the terminal back", async () => {
    await onTerminal(`${BB} attach t`);
    await terminal.until(/Claude\s*Code|Claude/);
    expect(isOrdinary(await terminal.stty("-a"))).toBe(false);
    expect(terminal.shown()).not.toMatch(/missing or broken/);
    terminal.type("\u0003");
    await expect.poll(() => (terminal.type("\u0003"), terminal.shown()), { interval: 500 }).toContain("over");
    expect(isOrdinary(settingsAfter())).toBe(true);
  });
});
