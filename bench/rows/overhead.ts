// What one call costs when the numbers are few: the kernel itself takes next to nothing.
import { type Row, floats } from "../row.js";

const subject = "overhead";
const SIZE = 16;
const CHAIN = 100;
const inputs = { x: floats(1, SIZE), y: floats(2, SIZE) };
const bar = { peer: "torch", times: 1 };

export const rows: Row[] = [
  { subject, name: `add of ${SIZE}, no gradient`, kind: "add", inputs, args: { requiresGrad: false }, alone: true, bar },
  { subject, name: `add of ${SIZE}, with gradient`, kind: "add", inputs, args: { requiresGrad: true }, alone: true, bar },
  { subject, name: `chain of ${CHAIN} such adds, forward + backward`, kind: "chain", inputs, args: { count: CHAIN }, alone: true, bar },
];
