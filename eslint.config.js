import js from "@eslint/js";
import tseslint from "typescript-eslint";

// The direction of imports: runtime <- core <- ops <- nn, optim, io <- data, profiler. A folder may import itself and what stands below it.
const top = ["nn", "optim", "data", "io"];
const layers = { runtime: [], core: ["runtime"], ops: ["core", "runtime"] };
for (const name of top) layers[name] = ["ops", "core", "runtime"];
layers.data.push("io"); // data sets lie in files
layers.worker = ["data", "core", "runtime"]; // a page that only connects to a worker shall not load the library
layers.profiler = ["nn", "io", "ops", "core", "runtime"];

const directions = Object.entries(layers).map(([folder, below]) => {
  const forbidden = Object.keys(layers).filter((name) => name !== folder && !below.includes(name));
  const message = `src/${folder} may import only ${[folder, ...below].join(", ")}: runtime <- core <- ops <- ${top.join(", ")}, profiler.`;
  return {
    files: [`src/${folder}/**/*.ts`],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { regex: `^(\\.\\./)+(${forbidden.join("|")})(/|\\.js$|$)`, message },
            { regex: "^(\\.\\./)+index(\\.js)?$|^lanegrad$", message: "Import the file that declares it, not the whole library." },
          ],
        },
      ],
    },
  };
});

export default tseslint.config(
  { ignores: ["dist/", "pkg/", "target/", ".setup/", "coverage/", "node_modules/", "**/dist/", "tests/package/fixtures/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error", noInlineConfig: true } },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_", destructuredArrayIgnorePattern: "^_" },
      ],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      // An interface may take all its members from a type that is computed.
      "@typescript-eslint/no-empty-object-type": ["error", { allowInterfaces: "with-single-extends" }],
      eqeqeq: ["error", "always", { null: "ignore" }],
      "prefer-const": "error",
    },
  },
  {
    files: ["**/*.{js,mjs}"],
    languageOptions: { globals: Object.fromEntries(Object.getOwnPropertyNames(globalThis).map((name) => [name, "readonly"])) },
  },
  {
    // Tables of cases are taken apart in the parameters of a test.
    files: ["tests/**/*.ts"],
    rules: { "@typescript-eslint/unbound-method": "off" },
  },
  {
    // The methods of Tensor are an interface derived from the table of ops, merged into the class.
    files: ["src/core/tensor.ts"],
    rules: { "@typescript-eslint/no-unsafe-declaration-merging": "off" },
  },
  { rules: { "max-lines": ["error", 400] } },
  ...directions,
);
