// Takes the constants of vectors out of loops. LLVM puts a constant where it is used, and wasm-opt would put it back
// there; V8 since Node 24 then makes it anew in every turn, by three instructions. Earlier ones moved it by themselves.
import { Reader, leb } from "./wasm-reader.mjs";

const [TYPES, FUNCTIONS, CODE] = [1, 3, 10];
const [V128, LOCAL_GET, LOCAL_SET] = [0x7b, 0x20, 0x21];

/** The module with each constant in a local, set before the outermost loop around it. */
export function hoist(module) {
  const sections = [];
  for (const r = new Reader(module, 8); r.more();) sections.push({ id: r.byte(), bytes: r.bytes(r.number()) });
  const list = (id, item) => new Reader(sections.find((section) => section.id === id).bytes).list(item);
  const parameters = list(TYPES, (r) => {
    if (r.byte() !== 0x60) throw new Error("a type that is not a function's");
    const count = r.list((each) => each.byte()).length;
    r.list((each) => each.byte());
    return count;
  });
  const types = list(FUNCTIONS, (r) => r.number());
  const code = list(CODE, (r) => r.bytes(r.number())).map((body, i) => sized(inFunction(body, parameters[types[i]])));
  const rewritten = Buffer.concat([leb(code.length), ...code]);
  const whole = sections.map(({ id, bytes }) => Buffer.concat([Buffer.of(id), sized(id === CODE ? rewritten : bytes)]));
  return Buffer.concat([module.subarray(0, 8), ...whole]);
}

const sized = (bytes) => Buffer.concat([leb(bytes.length), bytes]);

function inFunction(body, parameters) {
  const r = new Reader(body);
  const locals = r.list((each) => ({ count: each.number(), type: each.byte() }));
  const first = locals.reduce((sum, { count }) => sum + count, parameters);
  const begin = r.at;
  const uses = constantsInLoops(r);
  if (uses.length === 0) return body;

  const values = [...new Set(uses.map(({ value }) => value))];
  const local = (value) => leb(first + values.indexOf(value));
  const edits = uses.map(({ from, to, value }) => ({ from, to, text: [Buffer.of(LOCAL_GET), local(value)] }));
  for (const loop of new Set(uses.map((use) => use.loop))) {
    const needed = new Set(uses.filter((use) => use.loop === loop).map(({ value }) => value));
    const text = [...needed].flatMap((value) => [Buffer.from(value, "latin1"), Buffer.of(LOCAL_SET), local(value)]);
    edits.push({ from: loop, to: loop, text });
  }
  const parts = [];
  let at = begin;
  for (const { from, to, text } of edits.sort((a, b) => a.from - b.from)) {
    parts.push(body.subarray(at, from), ...text);
    at = to;
  }
  const declared = [...locals, { count: values.length, type: V128 }].map(({ count, type }) => Buffer.concat([leb(count), Buffer.of(type)]));
  return Buffer.concat([leb(declared.length), ...declared, ...parts, body.subarray(at)]);
}

/** Where they stand, what they are (instruction and operand) and where the outermost loop around them begins. */
function constantsInLoops(r) {
  const uses = [];
  const open = [];
  while (r.more()) {
    const from = r.at;
    const kind = r.instruction();
    if (kind === "block" || kind === "loop") open.push({ kind, from });
    else if (kind === "end") open.pop();
    else if (kind === "v128.const") {
      const loop = open.find((block) => block.kind === "loop");
      const value = r.data.subarray(from, r.at);
      if (loop && !isCheap(value)) uses.push({ from, to: r.at, value: value.toString("latin1"), loop: loop.from });
    }
  }
  return uses;
}

/** All zeros or all ones take one instruction, and so no register from those that need it. */
const isCheap = (value) => [0x00, 0xff].some((byte) => value.subarray(2).every((each) => each === byte));
