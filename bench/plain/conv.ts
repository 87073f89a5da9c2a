// Convolution by direct loops, stride 1: one filter tap at a time along whole rows.

export interface ConvShape {
  batch: number;
  channels: number;
  /** Height and width of the input. */
  size: number;
  filters: number;
  kernel: number;
  padding: number;
}

export const outputSize = (s: ConvShape): number => s.size + 2 * s.padding - s.kernel + 1;

export function conv(out: Float32Array, x: Float32Array, weight: Float32Array, bias: Float32Array | null, s: ConvShape): void {
  const { batch, channels, size, filters, kernel, padding } = s;
  const side = outputSize(s);
  for (let image = 0; image < batch; image++) {
    for (let filter = 0; filter < filters; filter++) {
      const outAt = (image * filters + filter) * side * side;
      out.fill(bias ? bias[filter]! : 0, outAt, outAt + side * side);
      for (let channel = 0; channel < channels; channel++) {
        const xAt = (image * channels + channel) * size * size;
        for (let ky = 0; ky < kernel; ky++) {
          const [top, bottom] = [Math.max(0, padding - ky), Math.min(side, size + padding - ky)];
          for (let kx = 0; kx < kernel; kx++) {
            const [left, right] = [Math.max(0, padding - kx), Math.min(side, size + padding - kx)];
            const tap = weight[((filter * channels + channel) * kernel + ky) * kernel + kx]!;
            for (let y = top; y < bottom; y++) {
              const outRow = outAt + y * side;
              const xRow = xAt + (y + ky - padding) * size + kx - padding;
              for (let c = left; c < right; c++) out[outRow + c]! += tap * x[xRow + c]!;
            }
          }
        }
      }
    }
  }
}

export function convInputGradient(gradX: Float32Array, grad: Float32Array, weight: Float32Array, s: ConvShape): void {
  const { batch, channels, size, filters, kernel, padding } = s;
  const side = outputSize(s);
  gradX.fill(0);
  for (let image = 0; image < batch; image++) {
    for (let channel = 0; channel < channels; channel++) {
      const xAt = (image * channels + channel) * size * size;
      for (let filter = 0; filter < filters; filter++) {
        const outAt = (image * filters + filter) * side * side;
        for (let ky = 0; ky < kernel; ky++) {
          const [top, bottom] = [Math.max(0, padding - ky), Math.min(side, size + padding - ky)];
          for (let kx = 0; kx < kernel; kx++) {
            const [left, right] = [Math.max(0, padding - kx), Math.min(side, size + padding - kx)];
            const tap = weight[((filter * channels + channel) * kernel + ky) * kernel + kx]!;
            for (let y = top; y < bottom; y++) {
              const outRow = outAt + y * side;
              const xRow = xAt + (y + ky - padding) * size + kx - padding;
              for (let c = left; c < right; c++) gradX[xRow + c]! += tap * grad[outRow + c]!;
            }
          }
        }
      }
    }
  }
}

export function convWeightGradient(gradWeight: Float32Array, grad: Float32Array, x: Float32Array, s: ConvShape): void {
  const { batch, channels, size, filters, kernel, padding } = s;
  const side = outputSize(s);
  gradWeight.fill(0);
  for (let image = 0; image < batch; image++) {
    for (let filter = 0; filter < filters; filter++) {
      const outAt = (image * filters + filter) * side * side;
      for (let channel = 0; channel < channels; channel++) {
        const xAt = (image * channels + channel) * size * size;
        for (let ky = 0; ky < kernel; ky++) {
          const [top, bottom] = [Math.max(0, padding - ky), Math.min(side, size + padding - ky)];
          for (let kx = 0; kx < kernel; kx++) {
            const [left, right] = [Math.max(0, padding - kx), Math.min(side, size + padding - kx)];
            let sum = 0;
            for (let y = top; y < bottom; y++) {
              const outRow = outAt + y * side;
              const xRow = xAt + (y + ky - padding) * size + kx - padding;
              for (let c = left; c < right; c++) sum += grad[outRow + c]! * x[xRow + c]!;
            }
            gradWeight[((filter * channels + channel) * kernel + ky) * kernel + kx]! += sum;
          }
        }
      }
    }
  }
}

/** The gradient of the bias: sums over images and places. */
export function convBiasGradient(gradBias: Float32Array, grad: Float32Array, s: ConvShape): void {
  const area = outputSize(s) ** 2;
  gradBias.fill(0);
  for (let plane = 0; plane < s.batch * s.filters; plane++) {
    let sum = 0;
    for (let i = plane * area; i < (plane + 1) * area; i++) sum += grad[i]!;
    gradBias[plane % s.filters]! += sum;
  }
}
