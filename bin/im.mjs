#!/usr/bin/env node
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const main = new URL("../dist/platform/cli/main.js", import.meta.url);
if (existsSync(fileURLToPath(main))) {
  await import(main.href);
} else {
  process.stderr.write(
    "error[IM_NOT_BUILT]: this checkout is not built\n  fix: run `npm run build` in it\n",
  );
  process.exitCode = 1;
}
