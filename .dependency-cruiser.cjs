const ours = "^(crds|sidecars|reconcilers|local-runtime|cluster-runtime|controller|tests)/";

/** `folder` may import only `allowed` of our own folders; its tests may import anything. */
const mayImport = (folder, allowed) => ({
  name: `${folder.replaceAll("/", "-")}-imports`,
  severity: "error",
  from: { path: `^${folder}/`, pathNot: "\\.test\\.ts$" },
  to: { path: ours, pathNot: allowed.map((path) => `^${path}`) },
});

/** Only `homes` may import `module`; type-only imports in tests are fine. */
const staysHome = (name, module, homes) => ({
  name,
  severity: "error",
  from: { path: ours, pathNot: [...homes, "^tests/", "\\.test\\.ts$"] },
  to: { path: `node_modules/(@types/)?${module}/` },
});

/** Parts of the controller see each other only through an index.ts. */
const edgeOnly = (part) => ({
  name: `controller-${part}-has-an-edge`,
  severity: "error",
  from: { path: "^controller/", pathNot: [`^controller/${part}/`, "\\.test\\.ts$"] },
  to: { path: `^controller/${part}/`, pathNot: `^controller/${part}/index\\.ts$` },
});

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    { name: "no-cycle", severity: "error", from: {}, to: { circular: true } },
    mayImport("crds", ["crds/"]),
    mayImport("sidecars", ["sidecars/", "crds/"]),
    mayImport("reconcilers", ["reconcilers/", "sidecars/wire/", "crds/"]),
    mayImport("local-runtime", [
      "local-runtime/",
      "reconcilers/contract/",
      "reconcilers/shared/naming\\.ts",
      "sidecars/wire/",
      "crds/",
    ]),
    mayImport("controller", ["controller/", "local-runtime/", "reconcilers/", "sidecars/", "crds/"]),
    {
      name: "no-sibling-kind",
      severity: "error",
      from: { path: "^reconcilers/([^/]+)/", pathNot: "\\.test\\.ts$" },
      to: { path: "^reconcilers/", pathNot: "^reconcilers/($1|contract|providers|shared)/" },
    },
    {
      name: "no-sibling-sidecar",
      severity: "error",
      from: { path: "^sidecars/([^/]+)/", pathNot: ["^sidecars/bundle/", "\\.test\\.ts$"] },
      to: { path: "^sidecars/", pathNot: "^sidecars/($1|wire|detection|shared)/" },
    },
    ...["api-server", "audit", "cli", "deploy-keys", "engine", "metrics", "secrets", "store"].map(edgeOnly),
    {
      name: "nothing-imports-main",
      severity: "error",
      from: {},
      to: { path: "(^|/)main\\.ts$" },
    },
    {
      name: "no-test-code-in-production",
      severity: "error",
      from: { path: ours, pathNot: ["^tests/", "\\.test\\.ts$"] },
      to: { path: "^tests/" },
    },
    staysHome("dockerode-stays-home", "dockerode", ["^local-runtime/docker/"]),
    staysHome("client-node-stays-home", "@kubernetes/client-node", [
      "^controller/store/kubernetes/",
      "^cluster-runtime/",
    ]),
    staysHome("execa-stays-home", "execa", [
      "^local-runtime/",
      "^controller/secrets/",
      "^sidecars/git-gate/",
    ]),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
