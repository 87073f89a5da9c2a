/** simd.wasm, gzipped, in base64: made by the build, beside the library. */
declare module "#packed" {
  export const packed: string;
}
