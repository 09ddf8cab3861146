/** Durations as people write them: `250ms`, `30s`, `10m`, `1h`, `never`. */
const unitMs = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

export const durationPattern = /^(?:[0-9]{1,9}(?:ms|s|m|h))$/;
export const durationOrNeverPattern = /^(?:[0-9]{1,9}(?:ms|s|m|h)|never)$/;

/** Returns ms, null for `never`, and undefined for what is no duration. */
export function parseDuration(text: string): number | null | undefined {
  if (text === "never") return null;
  const match = /^([0-9]{1,9})(ms|s|m|h)$/.exec(text);
  if (match === null) return undefined;
  const [, amount, unit] = match;
  switch (unit) {
    case "ms":
    case "s":
    case "m":
    case "h":
      return Number(amount) * unitMs[unit];
    default:
      return undefined;
  }
}

/** The largest unit in which the duration is a whole number; `ms` is a non-negative integer. */
export function formatDuration(ms: number | null): string {
  if (ms === null) return "never";
  if (ms === 0) return "0s";
  for (const [unit, length] of Object.entries(unitMs)) {
    if (ms % length === 0) return `${ms / length}${unit}`;
  }
  return `${ms}ms`;
}
