// Whoever claims a part of a job (src/runtime/control.ts: TICKET is at 1) never finishes it.
const swap = Atomics.compareExchange;
Atomics.compareExchange = (ints, at, from, to) => {
  const was = swap(ints, at, from, to);
  while (at === 1 && was === from);
  return was;
};
