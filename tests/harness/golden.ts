import { type DType, dtypeInfo } from "../../src/core/dtype.js";
import type { Values } from "./compare.js";
import { type Call, keyOf } from "./plan.js";

type Encoded = readonly [dtype: DType, shape: readonly number[], base64: string];

/** What PyTorch gave for a call. */
interface Stored {
  readonly out?: readonly Encoded[];
  readonly grads?: readonly (string | null)[];
  readonly error?: string;
}

/** The golden files, parsed: by op, then by the key of the call. */
export type Goldens = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface Golden {
  readonly out: readonly Values[];
  /** One for each input; null where PyTorch has none. */
  readonly grads: readonly (Values | null)[];
  /** PyTorch refused the call. */
  readonly error: string | null;
}

export class MissingGolden extends Error {}

/** @throws MissingGolden saying which command makes it, when there is none for this call */
export function goldenOf(goldens: Goldens, call: Call): Golden {
  const stored = goldens[call.op]?.[keyOf(call)] as Stored | undefined;
  if (!stored) throw new MissingGolden(`PyTorch's values are missing or of an older sample: run node scripts/golden.mjs ${call.op}`);
  return {
    out: (stored.out ?? []).map(([dtype, shape, base64]) => decode(dtype, shape, base64)),
    grads: call.inputs.map((x, i) => {
      const base64 = stored.grads?.[i] ?? null;
      return base64 === null ? null : decode(x.dtype, x.shape, base64);
    }),
    error: stored.error ?? null,
  };
}

function decode(dtype: DType, shape: readonly number[], base64: string): Values {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  return { dtype, shape, data: new (dtypeInfo(dtype).array)(bytes.buffer) };
}
