// Trains a convolutional net on MNIST. `npm start -- --help` lists the options.
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { DataLoader, F, Subset, type Tensor, backend, datasets, defaultGenerator, init, manualSeed, nn, optim, transforms } from "lanegrad";
import { Checkpoint, type Position, readCheckpoint, settingsOf } from "./mnist/checkpoint.js";
import { confusionTable } from "./mnist/confusion.js";
import { drawDigits } from "./mnist/digits.js";
import { type TestResult, evaluate } from "./mnist/evaluate.js";
import { makeModel } from "./mnist/model.js";
import { DEFAULT_FOLDER, type Options, readOptions } from "./mnist/options.js";
import { EpochBar } from "./mnist/progress.js";
import { StopRequest } from "./mnist/stop.js";
import { bold, dim, green } from "./mnist/style.js";

const root = fileURLToPath(new URL("./data/mnist", import.meta.url));
const transform = new transforms.Compose([new transforms.ToTensor(), new transforms.Normalize([0.1307], [0.3081])]);

async function main(options: Options): Promise<void> {
  const stop = new StopRequest();
  await init(options.threads === undefined ? {} : { threads: options.threads });
  const saved = options.resume ? await readCheckpoint(options.folder) : null;
  const settings = settingsOf(saved, options.given);
  await mkdir(options.folder, { recursive: true }); // now, not after an epoch, if it cannot be
  const train = await datasets.MNIST({ root, train: true, transform });
  const test = await datasets.MNIST({ root, train: false, transform });
  const digits = settings.limit < train.length ? new Subset(train, [...Array(settings.limit).keys()]) : train;

  manualSeed(settings.seed);
  const model = makeModel();
  const optimizer = new optim.Adam(model.parameters(), { lr: settings.lr });
  const loader = new DataLoader(digits, { batchSize: settings.batchSize, shuffle: true });
  const checkpoint = new Checkpoint(options.folder, settings, model, optimizer);
  let position: Position = saved ? checkpoint.restore(saved) : { epoch: 1, step: 0, order: null };

  const parameters = nn.countParameters(model).toLocaleString("en");
  console.log(`${dim("Backend ")} ${describeBackend()}`);
  console.log(`${dim("Model   ")} ${parameters} parameters, seed ${settings.seed}`);
  console.log(`${dim("Digits  ")} ${digits.length.toLocaleString("en")} to train on, ${test.length.toLocaleString("en")} to test on`);
  if (saved) console.log(`${dim("Resumed ")} ${checkpoint.file}`);
  console.log();

  let result: TestResult | null = null;
  while (position.epoch <= settings.epochs && !stop.signal) {
    position = await trainEpoch(position);
    await checkpoint.save(position);
    if (position.step > 0) break; // asked to stop in its midst
    result = report(evaluate(model, test), position.epoch - 1);
  }

  if (position.epoch <= settings.epochs) {
    const where = position.step === 0 ? `before epoch ${position.epoch}` : `in epoch ${position.epoch}, after step ${position.step}`;
    const out = options.folder === DEFAULT_FOLDER ? "" : ` --out ${options.folder}`;
    console.log(`Stopped ${where}. This goes on from there:\n\n  ${bold(`npm start -- --resume${out}`)}`);
    process.exitCode = stop.exitCode;
    return;
  }
  if (!result) {
    console.log(`This run is finished: ${settings.epochs} of ${settings.epochs} epochs are done. A larger --epochs trains on.\n`);
    result = report(evaluate(model, test), settings.epochs);
  }
  await checkpoint.saveWeights();
  console.log(drawDigits(test, result));
  console.log(`\n${dim("Weights ")} ${checkpoint.weights}`);

  /** Trains from `start` to the end of its epoch, or until asked to stop. Returns where that is. */
  async function trainEpoch(start: Position): Promise<Position> {
    const generator = defaultGenerator();
    const now = generator.getState();
    const order = start.order ?? now;
    generator.setState(order); // in the midst of an epoch: the same order again, and the steps done are skipped
    const bar = new EpochBar(start.epoch, settings.epochs, digits.length, start.step * settings.batchSize);
    let step = 0;
    try {
      for await (const [x, y] of loader) {
        if (start.order && step === start.step) generator.setState(now);
        if (step++ < start.step) continue;
        bar.advance(x.size(0), trainStep(model, optimizer, x, y));
        if (stop.signal) break;
      }
    } finally {
      bar.stop();
    }
    return step === loader.length ? { epoch: start.epoch + 1, step: 0, order: null } : { epoch: start.epoch, step, order };
  }
}

function trainStep(model: nn.Sequential, optimizer: optim.Optimizer, x: Tensor, y: Tensor): number {
  const loss = F.crossEntropy(model.forward(x), y);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss.item();
}

function report(result: TestResult, epoch: number): TestResult {
  const { right, truth } = result;
  const accuracy = `${((100 * right) / truth.length).toFixed(2)} %`;
  console.log(`After epoch ${epoch}: ${bold(green(accuracy))} of the test digits right, ${truth.length - right} wrong\n`);
  console.log(`${confusionTable(result)}\n`);
  return result;
}

function describeBackend(): string {
  const { relaxed, threads, why } = backend();
  return `WebAssembly ${relaxed ? "relaxed SIMD" : "SIMD"}, ${threads} thread${threads === 1 ? "" : "s"} ${dim(`(${why})`)}`;
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options) await main(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
