import { opTable } from "../../src/core/op.js";
import { CHECKS, named } from "./checks.js";
import type { AnyOp } from "./evaluate.js";
import { type Goldens, MissingGolden, goldenOf } from "./golden.js";
import { checkDTypes, checkErrors, checkSizes, checkSpecials, checkWrongArguments } from "./more-checks.js";
import { checkInPlace } from "./in-place.js";
import { checkNumerically } from "./numerical.js";
import { type Planned, floatTypes, planDTypes, planSample, planSpecials } from "./plan.js";

/** One test: plain data and a function, for any runner. */
export interface Case {
  readonly name: string;
  run(): void;
}

/** Every test of every op of the table. */
export function cases(goldens: Goldens): Case[] {
  return [...opTable.values()].flatMap((op) => casesOf(op as unknown as AnyOp, goldens));
}

function casesOf(op: AnyOp, goldens: Goldens): Case[] {
  const { spec } = op;
  const samples = spec.samples.map((_, i) => {
    const plans = floatTypes(spec).map((dtype) => planSample(spec, i, dtype));
    return testCase(spec.name, `#${i}`, plans[0]!.title, (fail) => plans.forEach((plan) => checkSample(op, plan, goldens, fail)));
  });
  const floats = floatTypes(spec);
  const specials = floats.flatMap((dtype) => planSpecials(spec, dtype) ?? []);
  const dtypes = planDTypes(spec);
  const sizes = specials.length > 0 ? floats.flatMap((dtype) => [false, true].map((special) => ({ dtype, special }))) : [];
  const wrong = spec.name.startsWith("_") ? [] : [planSample(spec, 0, "float32")];
  const each = <T>(id: string, title: string, list: readonly T[], about: (item: T) => string, check: (item: T) => void): Case[] =>
    list.length === 0 ? [] : [testCase(spec.name, id, title, (fail) => list.forEach((item) => fail(about(item), () => check(item))))];
  const titleOf = (plan: Planned): string => plan.title;
  return [
    ...samples,
    ...each("specials", "NaN, Infinity, -0", specials, titleOf, (plan) => checkSpecials(op, plan, goldens, specials.at(-1)!)),
    ...each(
      "sizes",
      "1 to 17",
      sizes,
      ({ dtype, special }) => `${dtype}${special ? " specials" : ""}`,
      ({ dtype, special }) => checkSizes(op, dtype, special),
    ),
    ...each("dtypes", "accepted and refused", dtypes, titleOf, (plan) => checkDTypes(op, plan, goldens)),
    ...each("no tensor", "a typed error", wrong, titleOf, (plan) => checkWrongArguments(op, plan)),
    ...(spec.errors ?? []).flatMap((error, i) =>
      each(
        `error ${i}`,
        String(error.throws),
        [error],
        () => "refused call",
        () => checkErrors(op, error),
      ),
    ),
  ];
}

type Collect = (what: string, fn: () => void) => void;

function checkSample(op: AnyOp, plan: Planned, goldens: Goldens, collect: Collect): void {
  const golden = goldenOf(goldens, plan.call);
  const subject = { op, plan, golden };
  for (const [what, check] of Object.entries(CHECKS)) collect(`${plan.title}: ${what}`, () => check(subject));
  collect(`${plan.title}: in place`, () => checkInPlace(subject));
  collect(`${plan.title}: finite differences`, () => checkNumerically(subject));
}

/** Runs all checks of a case and throws what they found together, with the command that runs it alone. */
function testCase(op: string, id: string, title: string, body: (collect: Collect) => void): Case {
  return {
    name: `${op} ${id}: ${title}`,
    run() {
      const problems: unknown[] = [];
      body((what, fn) => {
        try {
          if (!(problems[0] instanceof MissingGolden)) named(what, fn);
        } catch (error) {
          problems.push(error);
        }
      });
      if (problems.length === 0) return;
      const text = problems.map((problem) => `  ${problem instanceof Error ? problem.message : String(problem)}`).join("\n");
      throw new Error(`${op}() ${id}:\n${text}\nAlone: npm test -- ops -t "${op} ${id}:"`, { cause: problems[0] });
    },
  };
}
