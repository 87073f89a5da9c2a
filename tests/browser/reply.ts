import { answers } from "./answers.js";
import type { Question, Reply } from "./page.js";

export async function reply([name, ...args]: Question): Promise<Reply> {
  try {
    const answer = answers[name] as (...args: unknown[]) => unknown;
    return { value: await answer(...args) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
