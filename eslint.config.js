import tseslint from "typescript-eslint";

/** Only these files may touch process.env, the wall clock and timers. */
const IMPURE = ["controller/config.ts", "**/clock.ts", "**/naming.ts"];

const impurity = [
  { object: "process", property: "env", message: "process.env is read in controller/config.ts alone" },
  { object: "Date", property: "now", message: "take the time from a Clock" },
  { object: "Math", property: "random", message: "take randomness from naming.ts" },
];

export default tseslint.config(
  { ignores: ["node_modules", "dist", "*.cjs"] },
  ...tseslint.configs.recommended,
  {
    files: ["**/*.ts"],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "max-lines": ["error", { max: 300 }],
      "max-lines-per-function": ["error", { max: 40, skipComments: true, skipBlankLines: true }],
      complexity: ["error", 10],
      "max-depth": ["error", 3],
      "max-params": ["error", 4],
      "no-restricted-properties": ["error", ...impurity],
      "no-restricted-globals": [
        "error",
        ...["setTimeout", "setInterval"].map((name) => ({ name, message: "timers live in a clock.ts" })),
      ],
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: false }],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "no-empty": ["error", { allowEmptyCatch: false }],
    },
  },
  { files: IMPURE, rules: { "no-restricted-properties": "off", "no-restricted-globals": "off" } },
  {
    files: ["tests/**/*.ts", "**/*.test.ts", "*.config.ts"],
    rules: {
      "max-lines-per-function": "off",
      "no-restricted-properties": "off",
      "@typescript-eslint/explicit-module-boundary-types": "off",
    },
  },
);
