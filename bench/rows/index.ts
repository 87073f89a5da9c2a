import type { Row } from "../row.js";
import { rows as conv } from "./conv.js";
import { rows as course } from "./course.js";
import { rows as data } from "./data.js";
import { rows as elementwise } from "./elementwise.js";
import { rows as gemm } from "./gemm.js";
import { rows as overhead } from "./overhead.js";
import { rows as reduction } from "./reduction.js";
import { rows as training } from "./training.js";

/** All rows, in the order of the table. */
export const rows: readonly Row[] = [...gemm, ...conv, ...elementwise, ...reduction, ...data, ...overhead, ...training, ...course];

/** "gemm 512". */
export const titleOf = ({ subject, name }: Pick<Row, "subject" | "name">): string => `${subject} ${name}`;
