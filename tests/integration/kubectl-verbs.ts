import { expect } from "vitest";
import { bottles } from "../../crds/resources.ts";
import { type ApiServerKit } from "./api-server-kit.ts";

/** A Bottle as YAML; `spec` and what comes after the name in `metadata` are flow YAML. */
export const bottleYaml = (name: string, spec = "{}", metadata = ""): string =>
  `apiVersion: bot-bottle.dev/v1alpha1\nkind: Bottle\nmetadata: {name: ${name}${metadata}}\nspec: ${spec}\n`;

/** A BottleClass as a client sends it. */
export const classObject = (name: string): Record<string, unknown> => ({
  apiVersion: "bot-bottle.dev/v1alpha1",
  kind: "BottleClass",
  metadata: { name },
  spec: {},
});

/** kubectl with its outcome asserted. */
export interface Verbs {
  /** stdout of a command that succeeds */
  ok(...args: string[]): Promise<string>;
  /** stderr of a command that fails */
  refused(args: string[], stdin?: string): Promise<string>;
  /** stdout of an apply that succeeds without a word on stderr */
  apply(yaml: string): Promise<string>;
  /** display.label of a stored Bottle */
  labelOf(name: string): string | undefined;
}

export function verbsOf(kit: () => ApiServerKit): Verbs {
  return {
    async ok(...args) {
      const { code, stdout, stderr } = await kit().kubectl(args);
      expect(code, stderr).toBe(0);
      return stdout;
    },
    async refused(args, stdin) {
      const { code, stdout, stderr } = await kit().kubectl(args, stdin === undefined ? {} : { stdin });
      expect(code, stdout).not.toBe(0);
      return stderr;
    },
    async apply(yaml) {
      const { code, stdout, stderr } = await kit().kubectl(["apply", "-f", "-"], { stdin: yaml });
      expect(`${stderr}${code}`).toBe("0");
      return stdout;
    },
    labelOf: (name) => kit().store.get(bottles, { namespace: "default", name })?.spec?.display?.label,
  };
}
