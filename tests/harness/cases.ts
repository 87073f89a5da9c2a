import { opTable } from "../../src/core/op.js";
import { CHECKS, named } from "./checks.js";
import type { AnyOp } from "./evaluate.js";
import { type Goldens, MissingGolden, goldenOf } from "./golden.js";
import { checkDTypes, checkErrors, checkSpecials, checkWrongArguments } from "./more-checks.js";
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
  const specials = floatTypes(spec).flatMap((dtype) => planSpecials(spec, dtype) ?? []);
  const dtypes = planDTypes(spec);
  const errors = spec.errors ?? [];
  return [
    ...samples,
    ...(specials.length > 0
      ? [
          testCase(spec.name, "specials", "NaN, Infinity, -0", (fail) =>
            specials.forEach((plan) => fail(plan.title, () => checkSpecials(op, plan, goldens, specials.at(-1)!))),
          ),
        ]
      : []),
    ...(dtypes.length > 0
      ? [
          testCase(spec.name, "dtypes", "accepted and refused", (fail) =>
            dtypes.forEach((plan) => fail(plan.title, () => checkDTypes(op, plan, goldens))),
          ),
        ]
      : []),
    ...(spec.name.startsWith("_")
      ? []
      : [
          testCase(spec.name, "no tensor", "a typed error", (fail) =>
            fail("", () => checkWrongArguments(op, planSample(spec, 0, "float32"))),
          ),
        ]),
    ...errors.map((error, i) => testCase(spec.name, `error ${i}`, String(error.throws), (fail) => fail("", () => checkErrors(op, error)))),
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
