import type { YAMLError } from "yaml";
import type { Problem } from "./problem.js";

/** Binary files and the like: beyond this the list helps nobody. */
const syntaxProblemsMax = 100;

interface Advice {
  readonly expected: string;
  readonly fix: string;
}

const general: Advice = { expected: "valid YAML", fix: "correct the YAML at this place" };

const adviceByCode: Partial<Record<YAMLError["code"], Advice>> = {
  TAB_AS_INDENT: { expected: "spaces as indentation", fix: "replace the tab by spaces" },
  BAD_INDENT: { expected: "lines of one level at one column", fix: "correct the indentation" },
  MISSING_CHAR: { expected: "every quote, bracket and colon", fix: "add what is missing" },
  MULTIPLE_DOCS: { expected: "one document", fix: "remove `---` and all that follows it" },
  NON_STRING_KEY: { expected: "keys that are plain names", fix: "write the key as text" },
  TAG_RESOLVE_FAILED: {
    expected: "values without tags",
    fix: "remove the tag, or put quotes round text",
  },
  BLOCK_AS_IMPLICIT_KEY: {
    expected: "one `key: value` a line",
    fix: "put quotes round the value, or start a new line",
  },
  BAD_SCALAR_START: { expected: "a value", fix: "put quotes round the value" },
  BAD_DQ_ESCAPE: { expected: "a known escape", fix: "use single quotes, or write `\\\\`" },
};

/** Everything that the parser has to say; each error in the words of the manifest's author. */
export function syntaxProblems(errors: readonly YAMLError[]): readonly Problem[] {
  const problems = new Map<string, Problem>();
  for (const error of errors) {
    // The parser may say the same at one place once a level.
    problems.set(`${error.pos[0]} ${error.message}`, syntaxProblem(error));
    if (problems.size === syntaxProblemsMax) break;
  }
  return [...problems.values()];
}

function syntaxProblem(error: YAMLError): Problem {
  const advice = adviceByCode[error.code] ?? general;
  return {
    code: "IM_MANIFEST_SYNTAX",
    where: { offset: error.pos[0] },
    what: "the manifest is not valid YAML",
    expected: advice.expected,
    received: withoutSource(error.message),
    fix: advice.fix,
  };
}

/** The parser quotes the text at some places; that may be a secret. */
function withoutSource(message: string): string {
  const [first = ""] = message.split("\n");
  return first
    .replace(/(?:(?<!\(type): |; ).*$/, "")
    .replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
}
