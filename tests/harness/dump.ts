// Prints every call that the goldens hold, or those of the ops named: what tests/golden/golden.py evaluates.
import "../../src/index.js";
import { opTable } from "../../src/core/op.js";
import { allCalls, keyOf } from "./plan.js";

const names = process.argv.slice(2);
const unknown = names.filter((name) => !opTable.has(name));
if (unknown.length > 0) throw new Error(`no such op: ${unknown.join(", ")}`);

const ops = [...opTable.values()].map((fn) => fn.spec).filter((spec) => names.length === 0 || names.includes(spec.name));
const calls = ops.flatMap((spec) => allCalls(spec).map((call) => ({ key: keyOf(call), call })));
console.log(JSON.stringify({ ops: [...opTable.keys()], calls }));
