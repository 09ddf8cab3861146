/**
 * Blanks comments, strings, templates and regular expressions, so that rules see code only. A
 * scanner, not a parser: a `/` begins a regular expression where a value cannot end before it.
 */
export function maskSource(text: string, isC: boolean): string {
  let masked = "";
  let index = 0;
  /** Depths of braces at which a `${` of a template opened. */
  const templates: number[] = [];
  let depth = 0;
  while (index < text.length) {
    const character = text.charAt(index);
    let end = index + 1;
    if (character === "}" && templates.at(-1) === depth) {
      templates.pop();
      end = templateEnd(text, index + 1);
      if (text.startsWith("${", end - 2)) templates.push(depth);
    } else if (character === "`" && !isC) {
      end = templateEnd(text, index + 1);
      if (text.startsWith("${", end - 2)) templates.push(depth);
    } else {
      end = literalEnd(text, index, masked, isC) ?? index + 1;
      if (end === index + 1) {
        if (character === "{") depth += 1;
        if (character === "}") depth -= 1;
        masked += character;
        index = end;
        continue;
      }
    }
    masked += text.slice(index, end).replace(/[^\n]/g, " ");
    index = end;
  }
  return masked;
}

/** End of the template's text: behind its closing backquote, or behind a `${`. */
function templateEnd(text: string, start: number): number {
  for (let index = start; index < text.length; index += 1) {
    if (text.charAt(index) === "\\") index += 1;
    else if (text.charAt(index) === "`") return index + 1;
    else if (text.startsWith("${", index)) return index + 2;
  }
  return text.length;
}

function literalEnd(text: string, index: number, before: string, isC: boolean): number | null {
  const character = text.charAt(index);
  if (text.startsWith("//", index)) return endOr(text.indexOf("\n", index), text.length);
  if (text.startsWith("/*", index)) return endOr(text.indexOf("*/", index) + 2, text.length, 2);
  if (character === '"' || character === "'") return quoteEnd(text, index);
  if (character === "/" && !isC && startsExpression(before)) return patternEnd(text, index);
  return null;
}

function endOr(found: number, fallback: number, minimum = 0): number {
  return found < minimum ? fallback : found;
}

function quoteEnd(text: string, start: number): number {
  const quote = text.charAt(start);
  for (let index = start + 1; index < text.length; index += 1) {
    if (text.charAt(index) === "\\") index += 1;
    else if (text.charAt(index) === quote || text.charAt(index) === "\n") return index + 1;
  }
  return text.length;
}

function startsExpression(before: string): boolean {
  return /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of))\s*$/.test(before.slice(-40));
}

function patternEnd(text: string, start: number): number | null {
  let isInClass = false;
  for (let index = start + 1; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character === "\n") return null;
    if (character === "\\") index += 1;
    else if (character === "[") isInClass = true;
    else if (character === "]") isInClass = false;
    else if (character === "/" && !isInClass) return index + 1;
  }
  return null;
}
