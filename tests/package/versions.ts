import { existsSync, readFileSync, readdirSync } from "node:fs";

const fixtures = new URL("./fixtures/", import.meta.url);

interface Manifest {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

/** What a project's package.json asks for, name by name; of `npm:node@20.0.0` the version. */
export function versions(project: string): Record<string, string> {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(new URL(`${project}/package.json`, fixtures), "utf8")) as Manifest;
  const entries = Object.entries({ ...dependencies, ...devDependencies });
  return Object.fromEntries(entries.map(([name, range]) => [name, range.replace(/^npm:.*@/, "")]));
}

/** The projects that have packages to install. */
export const projects = (): string[] => readdirSync(fixtures).filter((name) => existsSync(new URL(`${name}/package.json`, fixtures)));
