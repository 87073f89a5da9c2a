export const isolation: Record<string, string>;
export const strictPolicy: string;
export function underPolicy(policy?: string): Record<string, string>;
