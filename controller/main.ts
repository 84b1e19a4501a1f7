import { once } from "node:events";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createBoundedLog } from "./composition/bounded-log.ts";
import { explainStart } from "./composition/explain-start.ts";
import { startControlPlane } from "./composition/control-plane.ts";
import { reportTo } from "./composition/start-report.ts";
import { readConfig, type Config } from "./config.ts";
import { createLogDestination, createLogger } from "./engine/index.ts";
import { STATE_FILES } from "./state-folder.ts";

const STDERR = 2;

// The control plane as a process: `bb up` starts it, SIGTERM and SIGINT end it. It tells its start on a descriptor.
const { values } = parseArgs({ options: { "report-descriptor": { type: "string" } } });
const descriptor = values["report-descriptor"];
const report = reportTo(descriptor === undefined ? undefined : Number(descriptor));

let config: Config | undefined;
try {
  config = readConfig();
  const write = createBoundedLog(STDERR, join(config.stateDir, STATE_FILES.log));
  const logger = createLogger({ level: config.logLevel, destination: createLogDestination(write) });
  const ended = Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  const controlPlane = await startControlPlane(config, logger, report);
  logger.info({ port: Number(new URL(controlPlane.url).port) }, "the control plane answers");
  report({ kind: "ready" });
  await ended;
  logger.info({}, "ending; bottles go on");
  await controlPlane.close();
  process.exit(0);
} catch (error) {
  const failure = explainStart(error, config?.stateDir ?? "the state folder");
  report(failure);
  process.stderr.write(`${failure.message}\n`);
  process.exit(1);
}
