// Reads WebAssembly's binary format as far as rewriting functions needs: sections, numbers, and how long each instruction is.

export class Reader {
  constructor(data, at = 0) {
    this.data = data;
    this.at = at;
  }

  more = () => this.at < this.data.length;
  byte = () => this.data[this.at++];
  bytes = (count) => this.data.subarray(this.at, (this.at += count));

  /** An unsigned number of variable length. */
  number() {
    let [value, scale] = [0, 1];
    let byte;
    do {
      byte = this.byte();
      value += (byte & 127) * scale;
      scale *= 128;
    } while (byte & 128);
    return value;
  }

  list(item) {
    return Array.from({ length: this.number() }, () => item(this));
  }

  /** Steps over one: "block", "loop", "end" or "v128.const", undefined for any other. */
  instruction() {
    const op = this.byte();
    const prefix = prefixes.get(op);
    const code = prefix ? this.number() : op;
    const operands = (prefix ?? plain)(code);
    if (operands === undefined) throw new Error(`WebAssembly instruction ${op.toString(16)} ${code} is not known`);
    for (const step of operands) steps[step](this);
    return prefix ? (op === VECTOR && code === 12 ? "v128.const" : undefined) : blocks.get(op);
  }
}

/** An unsigned number of variable length, as bytes. */
export function leb(value) {
  const bytes = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return Buffer.from([...bytes, value]);
}

const VECTOR = 0xfd;
const blocks = new Map([
  [0x02, "block"],
  [0x03, "loop"],
  [0x04, "block"],
  [0x0b, "end"],
]);

/** What follows an opcode, a letter each: a number, a memory's operand, one, four, eight or sixteen bytes, a list. */
const steps = {
  n: (r) => r.number(),
  m: (r) => {
    // Alignment, and the offset.
    r.number();
    r.number();
  },
  1: (r) => r.bytes(1),
  4: (r) => r.bytes(4),
  8: (r) => r.bytes(8),
  s: (r) => r.bytes(16),
  l: (r) => r.list(() => r.number()),
};

const within = (op, ...ranges) => ranges.some(([low, high = low]) => op >= low && op <= high);

function plain(op) {
  if (within(op, [0x00, 0x01], [0x05], [0x0b], [0x0f], [0x1a, 0x1b], [0x45, 0xc4], [0xd1])) return "";
  if (within(op, [0x02, 0x04], [0x0c, 0x0d], [0x10], [0x12], [0x20, 0x26], [0x3f, 0x42], [0xd0], [0xd2])) return "n";
  if (within(op, [0x11], [0x13])) return "nn";
  if (within(op, [0x28, 0x3e])) return "m";
  return { 0x0e: "ln", 0x1c: "l", 0x43: "4", 0x44: "8" }[op];
}

const prefixes = new Map([
  [0xfc, (code) => (code <= 7 ? "" : { 8: "nn", 9: "n", 10: "nn", 11: "n", 12: "nn", 13: "n", 14: "nn", 15: "n", 16: "n", 17: "n" }[code])],
  [
    VECTOR,
    (code) => {
      if (within(code, [0, 11], [92, 93])) return "m";
      if (within(code, [12, 13])) return "s";
      if (within(code, [21, 34])) return "1";
      if (within(code, [84, 91])) return "m1";
      return code <= 0x120 ? "" : undefined;
    },
  ],
  [0xfe, (code) => (code === 3 ? "1" : code <= 0x4e ? "m" : undefined)],
]);
