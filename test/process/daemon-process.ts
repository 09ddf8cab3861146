/** A daemon by its command line; that of a keeper ends with the same words. */
export function isDaemon(command: string): boolean {
  const [program = "", ...words] = command.split(" ");
  const script = words.find((word) => !word.startsWith("--")) ?? "";
  return program.endsWith("node") && script.endsWith("/platform/daemon/main.js");
}
