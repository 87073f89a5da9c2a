import { DataLoader, TensorDataset, memoryStats, ones } from "lanegrad";
import { expect, test } from "vitest";

test("what every step uses stays in WebAssembly memory, however old it is", () => {
  const x = ones([4096, 2048]);
  const before = memoryStats().spilled;
  for (let epoch = 0; epoch < 2; epoch++) {
    for (const [rows] of new DataLoader(new TensorDataset(x), { batchSize: 8 })) rows.mul(2);
  }
  // Batches and products leave once each at most: 128 MiB in two epochs. The data, 32 MiB, would leave often.
  expect((memoryStats().spilled - before) / 2 ** 20).toBeLessThan(192);
});
