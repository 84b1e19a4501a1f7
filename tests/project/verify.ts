/** `npm run verify`: generates what is generated, and fails when that changes the tree. */
import { runStep } from "./step.ts";

const generated = ["crds/manifests", "docs/spec"];
const generate = await runStep({ name: "generate", argv: ["npm", "run", "--silent", "generate"] });
const status = await runStep({
  name: "what changed",
  argv: ["git", "status", "--porcelain", "--", ...generated],
});
const dirty = status.output.trim() !== "";
if (dirty)
  process.stdout.write(
    "\nverify failed: generated files differ from what is committed; run npm run generate and commit them\n",
  );
process.exitCode = generate.ok && status.ok && !dirty ? 0 : 1;
