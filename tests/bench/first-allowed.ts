import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Runs in the agent: asks for a tunnel to a host again and again, and says when the answer is another than before. */
const ASKS = `
  const { connect } = require("node:net");
  const ask = (target) => new Promise((resolve, reject) => {
    const socket = connect(9099, "egress", () => socket.write("CONNECT " + target + " HTTP/1.1\\r\\nHost: " + target + "\\r\\n\\r\\n"));
    socket.once("error", reject).once("data", (chunk) => {
      socket.destroy();
      resolve(chunk.toString("latin1").split(" ")[1]);
    });
  });
  process.stdin.resume().once("end", () => process.exit());
  (async () => {
    for (let last = ""; ; await new Promise((resolve) => setTimeout(resolve, 2))) {
      const status = await ask(process.argv[1]);
      if (status !== last) console.log(status + " " + process.hrtime.bigint());
      last = status;
    }
  })();
`;

/** Milliseconds from the call of `change` to the first answer in a running agent that lets it through to a host. */
export async function untilAllowed(
  agentId: string,
  host: string,
  change: () => Promise<void>,
): Promise<number> {
  const argv = ["exec", "--interactive", agentId, "node", "--eval", ASKS, `${host}:443`];
  const child = spawn("docker", argv, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (status: string): Promise<bigint> => {
    const { value = "" } = (await lines.next()) as { value?: string };
    const [seen, at = "0"] = value.split(" ");
    if (seen !== status) throw new Error(`the proxy answered ${seen || "nothing"}, and not ${status}`);
    return BigInt(at);
  };
  try {
    await next("403");
    // the machine's clock, which all its containers share
    const sent = process.hrtime.bigint();
    await change();
    return Number((await next("200")) - sent) / 1e6;
  } finally {
    child.stdin.end();
    await once(child, "close");
  }
}
