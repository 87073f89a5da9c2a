import { readFileSync } from "node:fs";
import binaryen from "binaryen";
import { expect, test } from "vitest";

const root = new URL("../", import.meta.url);
const script = new URL("scripts/setup/hoist.mjs", root).href;
const { hoist } = (await import(script)) as { hoist: (module: Buffer) => Buffer<ArrayBuffer> };

/** Σ of (1, 2, 3, 4) · n + (5, 6, 7, 8) over n turns of two nested loops, with blocks, a branch table and lanes on the way. */
const text = `(module
  (func (export "f") (param $n i32) (result f32) (local $sum v128) (local $inner i32)
    (loop $outer
      (local.set $inner (i32.const 3))
      (loop $again
        (local.set $sum (f32x4.add (local.get $sum) (v128.const f32x4 1 2 3 4)))
        (local.set $inner (i32.sub (local.get $inner) (i32.const 1)))
        (br_if $again (local.get $inner)))
      (block $two (block $one (br_table $one $two (i32.and (local.get $n) (i32.const 1))))
        (local.set $sum (f32x4.sub (local.get $sum) (v128.const f32x4 1 2 3 4))))
      (local.set $sum (f32x4.add (local.get $sum) (v128.xor (v128.const i32x4 0 0 0 0) (v128.const f32x4 5 6 7 8))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $outer (local.get $n)))
    (f32.add (f32x4.extract_lane 1 (local.get $sum)) (f32x4.extract_lane 3 (v128.const f32x4 0 0 0 9)))))`;

function assemble(): Buffer<ArrayBuffer> {
  const module = binaryen.parseText(text);
  module.setFeatures(binaryen.Features.All);
  return Buffer.from(module.emitBinary());
}

const call = (module: Buffer<ArrayBuffer>, n: number): number =>
  (new WebAssembly.Instance(new WebAssembly.Module(module)).exports["f"] as (n: number) => number)(n);

test("constants of vectors are set before the outermost loop, and nothing else changes", () => {
  const [before, after] = [assemble(), hoist(assemble())];
  for (const n of [1, 2, 5]) expect(call(after, n)).toBe(call(before, n));
  const read = binaryen.readBinary(after);
  read.setFeatures(binaryen.Features.All);
  const [above, inside] = read.emitText().split("(loop");
  expect(above!.match(/v128\.const/g)).toHaveLength(2);
  expect(inside).not.toContain("v128.const");
  expect(hoist(after)).toEqual(after);
});

test("the builds have none left in loops", () => {
  for (const build of ["simd", "relaxed"]) {
    const module = readFileSync(new URL(`pkg/${build}/lanegrad_wasm_bg.wasm`, root));
    expect(Buffer.compare(hoist(module), module), build).toBe(0);
  }
});
