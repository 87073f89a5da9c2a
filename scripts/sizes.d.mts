export type Sizes = Record<string, { bytes: number; gzip: number; brotli: number }>;
export function bundle(program: string): Promise<Uint8Array>;
export function measure(): Promise<Sizes>;
export function growth(sizes: Sizes): string[];
export function readmeIsCurrent(): boolean;
