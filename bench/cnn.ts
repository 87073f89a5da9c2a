import { type Tensor, fromTypedArray, nn, optim } from "lanegrad";
import { convLayer, linearLayer, maxPoolLayer, reluLayer } from "./plain/layers.js";
import { sgd } from "./plain/train.js";
import { type Row, labels, uniform } from "./row.js";
import { initial, lanegradSide, plainSide } from "./training.js";

// LeNet's shape: 28x28 -> 16 maps of 24x24, pooled to 12x12 -> 32 maps of 8x8, pooled to 4x4 -> 128 -> 10.
const BATCH = 64;
const CLASSES = 10;
const [LR, MOMENTUM] = [0.01, 0.9];
const first = { batch: BATCH, channels: 1, size: 28, filters: 16, kernel: 5, padding: 0 };
const second = { batch: BATCH, channels: 16, size: 12, filters: 32, kernel: 5, padding: 0 };

const x = uniform(1, BATCH * 28 * 28, 0, 1);
const y = labels(2, BATCH, CLASSES);
const start = [initial(10, 16, 25), initial(20, 32, 16 * 25), initial(30, 128, 512), initial(40, CLASSES, 128)] as const;
/** Multiply-adds of the products: forward, weight gradient, and input gradient of all but the first. */
const flops = 2 * BATCH * (2 * 16 * 24 * 24 * 25 + 3 * (32 * 8 * 8 * 16 * 25 + 512 * 128 + 128 * CLASSES));

export const rows: Row[] = [
  {
    name: `1-16-32 5x5, 512-128-10, batch ${BATCH}, SGD step`,
    flops,
    bar: 20,
    checkRuns: 3,
    baseline() {
      const layers = [
        convLayer(first, ...start[0]),
        reluLayer(BATCH * 16 * 24 * 24),
        maxPoolLayer(BATCH * 16, 24),
        convLayer(second, ...start[1]),
        reluLayer(BATCH * 32 * 8 * 8),
        maxPoolLayer(BATCH * 32, 8),
        linearLayer(BATCH, 512, 128, ...start[2]),
        reluLayer(BATCH * 128),
        linearLayer(BATCH, 128, CLASSES, ...start[3]),
      ];
      const update = sgd(
        layers.flatMap((layer) => layer.parameters),
        LR,
        MOMENTUM,
      );
      return plainSide(layers, update, x, y, CLASSES);
    },
    lanegrad() {
      const model = new nn.Sequential(
        new nn.Conv2d(1, 16, 5),
        new nn.ReLU(),
        new nn.MaxPool2d(2),
        new nn.Conv2d(16, 32, 5),
        new nn.ReLU(),
        new nn.MaxPool2d(2),
        new nn.Flatten(),
        new nn.Linear(512, 128),
        new nn.ReLU(),
        new nn.Linear(128, CLASSES),
      );
      const sgdOf = (parameters: Tensor[]) => new optim.SGD(parameters, { lr: LR, momentum: MOMENTUM });
      return lanegradSide(model, start.flat(), sgdOf, fromTypedArray(x, [BATCH, 1, 28, 28]), fromTypedArray(y));
    },
  },
];
