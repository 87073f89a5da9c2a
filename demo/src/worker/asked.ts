import { type nn, noGrad } from "lanegrad";

/** Asks a net something between two steps of its training: without dropout and without a graph. */
export function asked<T>(model: nn.Module, question: () => T): T {
  const { training } = model;
  model.eval();
  const answer = noGrad(question);
  model.train(training);
  return answer;
}
