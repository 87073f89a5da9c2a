// Whoever claims a part of a job (src/runtime/control.ts: the words of its chunks begin at 80) never finishes it.
const swap = Atomics.compareExchange;
Atomics.compareExchange = (ints, at, from, to) => {
  const was = swap(ints, at, from, to);
  while (at >= 80 && was === from && to === (from | 1));
  return was;
};
