import { fromTypedArray, nn, optim } from "lanegrad";
import { linearLayer, reluLayer } from "./plain/layers.js";
import { adam } from "./plain/train.js";
import { type Row, labels, uniform } from "./row.js";
import { initial, lanegradSide, plainSide } from "./training.js";

const BATCH = 64;
const SIZES = [784, 256, 128, 10] as const;
const LR = 1e-3;

const x = uniform(1, BATCH * SIZES[0], 0, 1);
const y = labels(2, BATCH, SIZES[3]);
const start = [initial(10, SIZES[1], SIZES[0]), initial(20, SIZES[2], SIZES[1]), initial(30, SIZES[3], SIZES[2])] as const;
/** Forward, weight gradient, and input gradient of all layers but the first. */
const flops = 2 * BATCH * (2 * SIZES[0] * SIZES[1] + 3 * (SIZES[1] * SIZES[2] + SIZES[2] * SIZES[3]));

export const rows: Row[] = [
  {
    name: `${SIZES.join("-")}, batch ${BATCH}, Adam step`,
    flops,
    checkRuns: 3,
    // Adam divides by the size of the gradient, so that the rounding of tiny gradients counts like that of large ones.
    tolerance: 1e-4,
    baseline() {
      const layers = [
        linearLayer(BATCH, SIZES[0], SIZES[1], ...start[0]),
        reluLayer(BATCH * SIZES[1]),
        linearLayer(BATCH, SIZES[1], SIZES[2], ...start[1]),
        reluLayer(BATCH * SIZES[2]),
        linearLayer(BATCH, SIZES[2], SIZES[3], ...start[2]),
      ];
      const update = adam(
        layers.flatMap((layer) => layer.parameters),
        LR,
      );
      return plainSide(layers, update, x, y, SIZES[3]);
    },
    lanegrad() {
      const model = new nn.Sequential(
        new nn.Linear(SIZES[0], SIZES[1]),
        new nn.ReLU(),
        new nn.Linear(SIZES[1], SIZES[2]),
        new nn.ReLU(),
        new nn.Linear(SIZES[2], SIZES[3]),
      );
      return lanegradSide(
        model,
        start.flat(),
        (parameters) => new optim.Adam(parameters, { lr: LR }),
        fromTypedArray(x, [BATCH, SIZES[0]]),
        fromTypedArray(y),
      );
    },
  },
];
