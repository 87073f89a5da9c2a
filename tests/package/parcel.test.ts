import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe } from "vitest";
import { useBrowser } from "./page.js";
import { folderOf, script } from "./project.js";
import { site, trainings } from "./site.js";
import { versions } from "./versions.js";

describe(`parcel ${versions("parcel")["parcel"]}`, () => {
  describe("as it is", () => {
    beforeAll(() => void script("parcel", "build"));
    trainings(useBrowser(), () => join(folderOf("parcel"), "dist"));
  });

  // For browsers of today it writes an import map into the page, which a strict policy forbids.
  describe("for all browsers that lanegrad runs in", () => {
    beforeAll(() => {
      writeFileSync(join(folderOf("parcel"), ".browserslistrc"), "chrome >= 91\nfirefox >= 89\nsafari >= 16.4\n");
      script("parcel", "build", "--dist-dir", "strict");
    });
    site(() => join(folderOf("parcel"), "strict"));
  });
});
