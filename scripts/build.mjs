// npm run build: everything that the package consists of, in dist/.
import { setup } from "./setup/all.mjs";
import { main } from "./setup/steps.mjs";
import { types } from "./setup/ts.mjs";

await main(async () => {
  await setup();
  await types();
});
