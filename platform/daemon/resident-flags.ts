/**
 * Flags of Node for processes that mostly wait, and that connects wait for when they do not. The
 * code of a boot runs too seldom for V8 to optimise: it would be interpreted for ever, and its
 * bytecode forgotten in a long rest. New objects of a boot fit into the space for them.
 */
export const residentFlags: readonly string[] = [
  "--always-sparkplug",
  "--no-flush-bytecode",
  "--min-semi-space-size=16",
];
