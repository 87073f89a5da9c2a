/** `fn(...params)`; a spread call costs more than a small kernel, so the usual counts are passed one by one. */
export function call<P extends readonly unknown[], R>(fn: (...params: P) => R, params: P): R {
  const f = fn as unknown as (...params: unknown[]) => R;
  switch (params.length) {
    case 1:
      return f(params[0]);
    case 2:
      return f(params[0], params[1]);
    case 3:
      return f(params[0], params[1], params[2]);
    case 4:
      return f(params[0], params[1], params[2], params[3]);
    default:
      return f(...params);
  }
}
