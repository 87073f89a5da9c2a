/** Brings the bundles in dist/ up to date. */
export function library(): Promise<void>;
