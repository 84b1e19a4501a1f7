import { fail, ok, warn } from "./check.ts";
import type { Check } from "./check.ts";
import type { CaFacts, DiskFacts, Facts, ImagePresence, MachineFacts, StateFolderFacts } from "./facts.ts";

const OLDEST_NODE = 24;
const GIB = 2 ** 30;

/** Whether this Node can run the product's sources. */
export function checkNode({ nodeVersion }: MachineFacts): Check {
  if (Number.parseInt(nodeVersion, 10) >= OLDEST_NODE) return ok("node", nodeVersion);
  return fail("node", nodeVersion, { todo: `start bot-bottle with ./bb, which brings Node ${OLDEST_NODE}` });
}

/** Whether there is room for images and for what agents write. */
export function checkDisk({ holds, path, freeBytes }: DiskFacts): Check {
  const name = `disk for ${holds}`;
  const found = `${(freeBytes / GIB).toFixed(1)} GiB free at ${path}`;
  if (freeBytes < 2 * GIB)
    return fail(name, found, { todo: "make room: images need 2 GiB, and agents write more" });
  if (freeBytes < 8 * GIB)
    return warn(name, found, { todo: "make room: builds and agents' files fill this soon" });
  return ok(name, found);
}

/** Whether the files that name extra CA certificates can be used. */
export function checkCa({ variable, path, certificates }: CaFacts): Check {
  const name = `CA file of ${variable}`;
  if (certificates === undefined) {
    return fail(name, `${path} cannot be read`, { todo: `mend or unset ${variable}` });
  }
  if (certificates === 0) {
    return fail(name, `${path} has no PEM certificate`, { todo: `mend or unset ${variable}` });
  }
  return ok(
    name,
    `${path} has ${certificates} certificate${certificates === 1 ? "" : "s"}; builds are handed them`,
  );
}

/** Whether what the state folder holds is out of reach of other users. */
export function checkStateFolder({ path, state }: StateFolderFacts): Check {
  const name = "state folder";
  if (state.kind === "absent") {
    if (state.parentWritable) return ok(name, `${path} will be made`);
    return fail(name, `${path} cannot be made`, { todo: "set BB_STATE_DIR to a folder that you can write" });
  }
  if (!state.isFolder)
    return fail(name, `${path} is not a folder`, { todo: "move it away, or set BB_STATE_DIR" });
  if (!state.ours)
    return fail(name, `${path} is another user's`, { todo: "set BB_STATE_DIR to a folder of your own" });
  const mode = (state.mode & 0o777).toString(8).padStart(4, "0");
  if ((state.mode & 0o077) === 0) return ok(name, `${path}, ${mode}`);
  return fail(name, `${path} is open to others (${mode}); it holds keys`, {
    todo: `chmod 700 ${path}`,
    repair: "closeStateFolder",
  });
}

/** Whether one control plane at most runs on the state folder. */
export function checkControlPlanes({ controlPlanes, path }: StateFolderFacts): Check {
  const [first, ...more] = controlPlanes;
  if (first === undefined) return ok("control plane", "not running; a command that needs it starts it");
  if (more.length === 0) return ok("control plane", `runs as process ${first}`);
  return fail("control plane", `${controlPlanes.length} run on ${path}: ${controlPlanes.join(", ")}`, {
    todo: "end all but one, or give each a BB_STATE_DIR of its own",
  });
}

/** Whether the images are there, and whether they could be made. */
export function checkImages({ images, machine }: Facts): readonly Check[] {
  if (images === undefined) return [];
  const missing = images.filter(({ present }) => !present);
  if (missing.length === 0) return [ok("images", `${namesOf(images)} are there`)];
  const found = `${namesOf(missing)} ${missing.length === 1 ? "is" : "are"} not there`;
  if (machine.npm === undefined) {
    return [fail("images", found, { todo: "install npm, which fetches what they are made of" })];
  }
  return [
    warn("images", found, {
      todo: "bb images build; or the first bottle builds them",
      repair: "buildImages",
    }),
  ];
}

const namesOf = (images: readonly ImagePresence[]): string => images.map(({ name }) => name).join(", ");

/** kubectl is a convenience: bb speaks the same API. */
export function checkKubectl({ kubectl }: MachineFacts): Check {
  return ok("kubectl", kubectl ?? "not installed; bb does without");
}
