import type { Terminal } from "./terminal.js";

const silentMs = 500;
const refreshMs = 200;

/** Says what takes so long, to a person only; what it has written is gone at the end. */
export async function withProgress<Result>(
  terminal: Terminal,
  what: string,
  work: Promise<Result>,
): Promise<Result> {
  if (!terminal.interactive) return await work;
  const beganMs = performance.now();
  let shown = false;
  const timer = setInterval(() => {
    const tookMs = performance.now() - beganMs;
    if (tookMs < silentMs) return;
    shown = true;
    terminal.note(`\r\u001b[K${what} … ${(tookMs / 1000).toFixed(1)} s`);
  }, refreshMs);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    if (shown) terminal.note("\r\u001b[K");
  }
}
