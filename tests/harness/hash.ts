/*
 * Test values from a hash, the same bit for bit here and in tests/golden/golden.py: only results need storing.
 */

/** FNV-1a over the characters of a name. */
export function nameHash(name: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** Stirs `k` into `h`: the finaliser of MurmurHash3. */
export function stir(h: number, k: number): number {
  h ^= Math.imul(k + 1, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Element `i` of the stream `seed`: a multiple of 2^-24 in [0, 1). */
export function uniform(seed: number, i: number): number {
  return (stir(seed, i) >>> 8) / 2 ** 24;
}

/** The stream of one input of one sample of one op. */
export function streamOf(op: string, sample: number, input: number): number {
  return stir(stir(nameHash(op), sample), input);
}

/** A short name for a text. */
export function digest(text: string): string {
  let [a, b] = [nameHash(text), 0x12345678];
  for (let i = 0; i < text.length; i++) b = stir(b, text.charCodeAt(i));
  a = stir(a, b);
  return a.toString(36).padStart(7, "0") + b.toString(36).padStart(7, "0");
}
