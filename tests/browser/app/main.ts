// What a user's page is: lanegrad as the package exports it, bundled by Vite without any configuration.
import { F, backend, init, manualSeed, nn, optim, randn } from "lanegrad";

await init();
manualSeed(0);
const model = new nn.Linear(400, 400);
const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
const x = randn([400, 400]);
const losses = Array.from({ length: 20 }, () => {
  const loss = F.mseLoss(model.forward(x), x);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss.item();
});
document.title = JSON.stringify({ first: losses.at(0), last: losses.at(-1), ...backend() });
