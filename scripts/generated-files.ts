import { manifestJsonSchema } from "../platform/manifest/schema.js";
import { lifecycleChart } from "./lifecycle-chart.js";

export interface GeneratedFile {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly content: string;
}

/** Every file of the repository that a program writes; `test/generated.test.ts` compares them. */
export function generatedFiles(): readonly GeneratedFile[] {
  return [
    {
      path: "schema/manifest.schema.json",
      content: `${JSON.stringify(manifestJsonSchema(), null, 2)}\n`,
    },
    { path: "docs/host-lifecycle.md", content: lifecycleChart() },
  ];
}
