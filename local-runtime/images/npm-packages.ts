/** A file of an npm package as the registry serves it: nothing is run to install it. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** of the tarball, as in a lockfile */
  readonly integrity: string;
}

interface Build {
  readonly x64: string;
  readonly arm64: string;
}

const binary = (name: string, version: string, { x64, arm64 }: Build) => ({
  x64: { name: `${name}-x64`, version, integrity: x64 },
  arm64: { name: `${name}-arm64`, version, integrity: arm64 },
});

/** What images take from npm, by the architecture of the engine. */
export const NPM_PACKAGES = {
  node: binary("node-linux", "24.21.0", {
    x64: "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
    arm64: "sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==",
  }),
  claude: binary("@anthropic-ai/claude-code-linux", "2.1.197", {
    x64: "sha512-rIlKmrY0QMyHgPRX/MYWNj039vbypICvI9jVe3rs9Xy2RnNklySjyPxqh62QadznzoftEO23uYQ1tFePcQ//bg==",
    arm64: "sha512-sx6SoGj3MNR5CV+YDkNtbLHXa1tn3G8qcYFgm1gnvOi9ODQUKbhiPfankJfkTMDVekOvnKJhm6i9hGFIPzp7cQ==",
  }),
  npm: {
    name: "npm",
    version: "11.21.2",
    integrity:
      "sha512-7HPApk+AflMUavSseL1Pm6CnYqMIHk53x+KmuhqmTDqPkjPMgxIpTPcTqsE91EKNw4gFBJV9fnXiSdGm1DXq9A==",
  },
} as const satisfies Record<string, NpmPackage | Record<keyof Build, NpmPackage>>;
