// What dist/commonjs.cjs is made of. CommonJS has no chunks, so that all entries are one file, and require() is what makes
// esbuild run the modules of an entry only when it is asked for, and each of them once.
exports.index = () => require("../../src/index.ts");
exports.inline = () => require("../../src/inline/index.ts");
exports.worker = () => require("../../src/worker/index.ts");
