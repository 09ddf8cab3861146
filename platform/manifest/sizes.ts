/** Sizes as people write them: `512MB`, `1GB`. As with Lambda, a GB is 1024 MB. */
export const sizePattern = /^[0-9]{1,6}(?:MB|GB)$/;

/** Returns MB, and undefined for what is no size. */
export function parseSizeMb(text: string): number | undefined {
  if (!sizePattern.test(text)) return undefined;
  const amount = Number(text.slice(0, -2));
  return text.endsWith("GB") ? amount * 1024 : amount;
}

/** `mb` is a non-negative integer. */
export function formatSizeMb(mb: number): string {
  return mb > 0 && mb % 1024 === 0 ? `${mb / 1024}GB` : `${mb}MB`;
}
