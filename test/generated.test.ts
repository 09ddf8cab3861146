import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { generatedFiles } from "../scripts/generated-files.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

for (const { path, content } of generatedFiles()) {
  test(`${path} is what \`npm run generate\` writes`, async (t) => {
    t.is(await readFile(join(root, path), "utf8"), content);
  });
}
