/** The host-runtime and all that it loads, as files of a package. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { shimFiles } from "../../shim/index.js";
import { ImError } from "../errors/im-error.js";
import { type DirectoryEntry, fileEntry, listDirectory } from "./directory-files.js";

/** The checkout: `dist`, `build` and `node_modules` are below it. */
const checkout = fileURLToPath(new URL("../../../", import.meta.url));
const entryModule = join(checkout, "dist/host-runtime/main.js");

/** `import … from "x"`, `export … from "x"`, `import "x"` and `import("x")` of compiled modules. */
const importPattern = /(?:\bfrom\s*|\bimport\s*\(?\s*)"([^"\n]+)"/g;
/** What of a package a program can load; types, sources and documents stay behind. */
const loadable = /(?:\.(?:js|cjs|mjs|json|node|wasm)|\/LICENSE[^/]*)$/;

/** Laid out below `prefix` as in the checkout. */
export function listRuntime(prefix: string): readonly DirectoryEntry[] {
  const { modules, packages } = closureOf(entryModule);
  const binaries = [shimFiles.addon, shimFiles.preload, shimFiles.init];
  const files = [...modules, ...binaries].map((source) =>
    fileEntry(source, `${prefix}/${relative(checkout, source)}`),
  );
  return [...files, ...packages.flatMap((directory) => listPackage(directory, prefix))];
}

function closureOf(entry: string) {
  const modules = new Set<string>();
  const packages = new Set<string>();
  const left = [entry];
  for (let module = left.pop(); module !== undefined; module = left.pop()) {
    if (modules.has(module)) continue;
    modules.add(module);
    for (const [, specifier = ""] of readBuilt(module).matchAll(importPattern)) {
      if (specifier.startsWith("node:")) continue;
      if (specifier.startsWith(".")) left.push(join(dirname(module), specifier));
      else addPackage(packageName(specifier), dirname(module), packages);
    }
  }
  return { modules: [...modules], packages: [...packages] };
}

function addPackage(name: string, from: string, packages: Set<string>): void {
  const directory = locatePackage(name, from);
  if (packages.has(directory)) return;
  packages.add(directory);
  const description: unknown = JSON.parse(readBuilt(join(directory, "package.json")));
  for (const dependency of dependenciesOf(description)) {
    addPackage(dependency, directory, packages);
  }
}

function dependenciesOf(description: unknown): readonly string[] {
  if (typeof description !== "object" || description === null) return [];
  if (!("dependencies" in description)) return [];
  return Object.keys(Object(description.dependencies));
}

/** `a/b` → `a`, `@a/b/c` → `@a/b`. */
function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Where Node would find it, as far as that is in the checkout. */
function locatePackage(name: string, from: string): string {
  for (let directory = from; `${directory}/`.startsWith(checkout); directory = dirname(directory)) {
    const candidate = join(directory, "node_modules", name);
    if (existsSync(candidate)) return candidate;
  }
  throw notBuilt(`the package ${name}`);
}

function listPackage(directory: string, prefix: string): readonly DirectoryEntry[] {
  const path = `${prefix}/${relative(checkout, directory)}`;
  return listDirectory(directory, path).filter((entry) => loadable.test(entry.path));
}

function readBuilt(path: string): string {
  if (!existsSync(path)) throw notBuilt(path);
  return readFileSync(path, "utf8");
}

function notBuilt(expected: string): ImError {
  return new ImError("IM_NOT_BUILT", { what: "the host-runtime is not complete", expected });
}
