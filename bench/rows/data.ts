// Rows that move, look up and order.
import { type Row, between, floats, labels } from "../row.js";

const subject = "data";
const FLOAT = 4;
const [WORDS, WIDTH, BATCH, LENGTH] = [10_000, 128, 64, 50];
const index = labels(WORDS, 2, BATCH, LENGTH);
const moved = 2 * FLOAT * BATCH * LENGTH * WIDTH;

export const rows: Row[] = [
  {
    subject,
    name: "transpose copy 1024²",
    kind: "transposeCopy",
    inputs: { x: floats(1, 1024, 1024) },
    args: {},
    bytes: 2 * FLOAT * 1024 * 1024,
    bar: { peer: "torch", times: 1 },
  },
  {
    subject,
    name: `embedding ${WORDS}x${WIDTH}, ${BATCH}x${LENGTH}: gather`,
    kind: "embedding",
    inputs: { weight: floats(1, WORDS, WIDTH), index },
    args: {},
    bytes: moved,
  },
  {
    subject,
    name: `embedding ${WORDS}x${WIDTH}, ${BATCH}x${LENGTH}: scatter-add`,
    kind: "embeddingGradient",
    inputs: { grad: floats(1, BATCH, LENGTH, WIDTH), index },
    args: { rows: WORDS },
    bytes: moved + FLOAT * WORDS * WIDTH,
  },
  { subject, name: "argmax 128x1000", kind: "argmax", inputs: { x: floats(1, 128, 1000) }, args: {}, bytes: FLOAT * 128_000 },
  { subject, name: "top-10 of 128x1000", kind: "topk", inputs: { x: floats(1, 128, 1000) }, args: { k: 10 }, bytes: FLOAT * 128_000 },
  { subject, name: "sort 10^5", kind: "sort", inputs: { x: floats(1, 100_000) }, args: {} },
  { subject, name: "uniform, 10^6", kind: "uniform", inputs: {}, args: { n: 1_000_000 }, moments: true, bytes: FLOAT * 1_000_000 },
  { subject, name: "normal, 10^6", kind: "normal", inputs: {}, args: { n: 1_000_000 }, moments: true, bytes: FLOAT * 1_000_000 },
  {
    subject,
    name: "dropout, 10^6",
    kind: "dropout",
    inputs: { x: between(1, 2, 1, 1_000_000) },
    args: { p: 0.5 },
    moments: true,
    bytes: 2 * FLOAT * 1_000_000,
  },
];
