/**
 * What a class's function runs on AWS:
 *
 *     bootstrap        starts the host-runtime with the Node of the managed runtime
 *     runtime/         the host-runtime, its packages, the shim
 *     guest/           the class's directory, as it is
 *
 * The guest's part is beside ours, not below it: neither finds the other's modules.
 */
import { createHash } from "node:crypto";
import { shimFiles } from "../../shim/index.js";
import { listDirectory, readEntry } from "./directory-files.js";
import { type PackagedFile, packFunction } from "./function-package.js";
import { requireFunctionGlibc } from "./glibc-version.js";
import { requireUnzippedSize, requireZippedSize } from "./package-limits.js";
import { listRuntime } from "./runtime-files.js";

export interface HostPackage {
  readonly zip: Buffer;
  /** As Lambda states it: base64. */
  readonly sha256: string;
  readonly unzippedBytes: number;
}

/** Where Lambda unpacks it. */
export const bootstrapPath = "/var/task/bootstrap";

/**
 * A managed runtime calls it, as AWS_LAMBDA_EXEC_WRAPPER, with its own Node and what that would
 * run; an OS-only runtime calls it with nothing.
 */
const bootstrap = `#!/bin/sh
exec "\${1:-node}" "$LAMBDA_TASK_ROOT/runtime/dist/host-runtime/main.js"
`;

/** Rejects with `ImError` IM_PACKAGE_INVALID or IM_PACKAGE_TOO_LARGE, naming what is at fault. */
export async function packHost(className: string, directory: string): Promise<HostPackage> {
  requireFunctionGlibc([shimFiles.addon, shimFiles.preload, shimFiles.init]);
  const entries = new Map(
    [...listRuntime("runtime"), ...listDirectory(directory, "guest")].map((entry) => [
      entry.path,
      entry,
    ]),
  );
  const listed = [...entries.values()];
  const what = `the package of ${className}`;
  requireUnzippedSize(what, listed);
  const files = [...ownFiles(), ...listed.map(readEntry)];
  const zip = await packFunction(files);
  requireZippedSize(what, zip.length, listed);
  return {
    zip,
    sha256: createHash("sha256").update(zip).digest("base64"),
    unzippedBytes: files.reduce((sum, { content }) => sum + content.length, 0),
  };
}

function ownFiles(): readonly PackagedFile[] {
  const modules = JSON.stringify({ type: "module" });
  return [
    { path: "bootstrap", content: Buffer.from(bootstrap), executable: true },
    { path: "runtime/package.json", content: Buffer.from(modules), executable: false },
  ];
}
