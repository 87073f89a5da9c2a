import { F, type Tensor, type nn, type optim } from "lanegrad";

export function trainStep(model: nn.Sequential, optimizer: optim.Optimizer, images: Tensor, labels: Tensor) {
  const logits = model.forward(images);
  const loss = F.crossEntropy(logits, labels);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return { loss: loss.item(), right: logits.argmax(1).eq(labels).sum().item() };
}
