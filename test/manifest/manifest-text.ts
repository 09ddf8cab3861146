import type { ImError } from "../../platform/errors/im-error.js";
import type { HostClass, Manifest } from "../../platform/manifest/manifest.js";
import { parseManifest } from "../../platform/manifest/parse-manifest.js";

export const file = "/projects/shop/manifest.yaml";

export function parse(text: string, descriptorsMax = 1_000_000) {
  return parseManifest(text, { file, descriptorsMax });
}

/** The manifest; throws the first error of a text that should have none. */
export function accepted(text: string): Manifest {
  const parsed = parse(text);
  if ("manifest" in parsed) return parsed.manifest;
  throw parsed.errors[0] ?? new Error("refused without an error");
}

export function errorsOf(text: string, descriptorsMax?: number): readonly ImError[] {
  const parsed = parse(text, descriptorsMax);
  return "errors" in parsed ? parsed.errors : [];
}

/** A manifest with one host `web`, whose keys are the lines given. */
export function hostText(...lines: readonly string[]): string {
  return ["deployment: shop", "hosts:", "  web:", ...lines.map((line) => `    ${line}`)].join("\n");
}

export function acceptedHost(...lines: readonly string[]): HostClass {
  const [host] = accepted(hostText("command: node server.js", ...lines)).classes;
  if (host === undefined) throw new Error("no host");
  return host;
}

/** "7:3 IM_CODE what": one line an error. */
export function summary(errors: readonly ImError[]): readonly string[] {
  return errors.map(({ code, details }) => {
    const { line, column } = details.place ?? { line: 0, column: 0 };
    return `${line}:${column} ${code.replace("IM_MANIFEST_", "")} ${details.what}`;
  });
}
