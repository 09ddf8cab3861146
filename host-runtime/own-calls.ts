/**
 * Programs that make their system calls themselves: linked statically, or written in Go, also where
 * their file says that it is dynamic. The shim never sees their `bind`, so that they find the port
 * taken by its placeholder.
 */
import { closeSync, constants, existsSync, openSync, readSync } from "node:fs";
import { delimiter, resolve } from "node:path";
import { messageOf, report } from "./report.js";

/** As far as the kernel and the linker put what is looked for here. */
const headBytes = 4096;
const elfMagic = 0x7f454c46;
const programHeader = { table: 32, size: 54, count: 56 };
const interpreter = 3;
const note = 4;
/** Owner and type of the note that holds Go's build id. */
const goNote = { owner: "Go\0\0", type: 4 };

/** What of a program's file says so, for a sentence; null: nothing, or it cannot be read. */
export function ownCalls(head: Buffer): "Go" | "static" | null {
  if (head.length < 64 || head.readUInt32BE(0) !== elfMagic || head[4] !== 2) return null;
  const table = Number(head.readBigUInt64LE(programHeader.table));
  const size = head.readUInt16LE(programHeader.size);
  const count = head.readUInt16LE(programHeader.count);
  let isStatic = true;
  for (let n = 0; n < count; n += 1) {
    const at = table + n * size;
    if (size < 56 || at + size > head.length) return null;
    const type = head.readUInt32LE(at);
    const offset = Number(head.readBigUInt64LE(at + 8));
    const bytes = Number(head.readBigUInt64LE(at + 32));
    if (type === interpreter) isStatic = false;
    if (type === note && hasGoNote(head.subarray(offset, offset + bytes))) return "Go";
  }
  return isStatic ? "static" : null;
}

function hasGoNote(notes: Buffer): boolean {
  const padded = (bytes: number) => Math.ceil(bytes / 4) * 4;
  let at = 0;
  while (at + 16 <= notes.length) {
    const [name, description] = [notes.readUInt32LE(at), notes.readUInt32LE(at + 4)];
    const owner = notes.toString("latin1", at + 12, at + 12 + name);
    if (owner === goNote.owner && notes.readUInt32LE(at + 8) === goNote.type) return true;
    at += 12 + padded(name) + padded(description);
  }
  return false;
}

export interface Command {
  readonly program: string;
  readonly directory: string;
  readonly searchPath: string;
}

/** Why the program may have failed at its ports; null: it is not one of these. */
export function ownCallsText({ program, directory, searchPath }: Command): string | null {
  const directories = program.includes("/") ? [""] : searchPath.split(delimiter);
  const paths = directories.map((one) => resolve(directory, one, program));
  const found = paths.find((path) => existsSync(path));
  const kind = found === undefined ? null : ownCalls(headOf(found));
  if (kind === null) return null;
  const what = kind === "Go" ? "written in Go" : "linked statically";
  return `${program} is ${what}: as a server it cannot be handed its ports`;
}

/** Empty: it cannot be read. What may be executed need not be readable. */
function headOf(path: string): Buffer {
  const head = Buffer.alloc(headBytes);
  let descriptor: number | null = null;
  try {
    // Whatever it is: nothing waits for it.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return head.subarray(0, readSync(descriptor, head, 0, headBytes, 0));
  } catch (error) {
    report("not looked into", { path, error: messageOf(error) });
    return Buffer.alloc(0);
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}
