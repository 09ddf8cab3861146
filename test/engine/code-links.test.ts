import { readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CreateFunctionCommand, GetFunctionCommand } from "@aws-sdk/client-lambda";
import test from "ava";
import { type PackagedFile, packFunction } from "../../platform/cloud/function-package.js";
import { EngineRig, role } from "./engine-rig.js";

test("a link that stays inside of a package is kept", async (t) => {
  const rig = await EngineRig.start(t);
  await create(rig, [file("lib/tool"), link("bin/tool", "../lib/tool")]);
  const { Code } = await rig.client.send(new GetFunctionCommand({ FunctionName: "linked" }));
  const root = fileURLToPath(Code?.Location ?? "");
  t.is(readlinkSync(join(root, "bin/tool")), "../lib/tool");
  t.is(readFileSync(join(root, "bin/tool"), "utf8"), "content of lib/tool");
});

const refused: readonly (readonly [string, readonly PackagedFile[], RegExp])[] = [
  ["leads out of the package", [link("a/b", "../../etc")], /a\/b leads out of the package/],
  ["leads to an absolute path", [link("a", "/etc")], /a leads out of the package/],
  ["is below another link", [link("a", "."), link("a/b", "c")], /a\/b is below the link a/],
  ["is where a directory is", [file("a/b"), link("a", "c")], /Could not unzip/],
  ["has no end", [link("a", "x".repeat(5000))], /a target that is too long/],
];
for (const [what, files, message] of refused) {
  test(`a link that ${what} is refused`, async (t) => {
    const rig = await EngineRig.start(t);
    const name = "InvalidParameterValueException";
    await t.throwsAsync(create(rig, files), { name, message });
  });
}

async function create(rig: EngineRig, files: readonly PackagedFile[]): Promise<void> {
  const ZipFile = await packFunction(files);
  const settings = { Handler: "h", Role: role, Runtime: "nodejs22.x" } as const;
  const input = { FunctionName: "linked", Code: { ZipFile }, ...settings };
  await rig.client.send(new CreateFunctionCommand(input));
}

function file(path: string): PackagedFile {
  return { path, content: Buffer.from(`content of ${path}`), executable: false };
}

function link(path: string, target: string): PackagedFile {
  return { path, content: Buffer.from(target), executable: false, kind: "link" };
}
