import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from "yaml";
import { findTooDeep, nestingMax } from "./nesting.js";
import { type MapPairs, type NodeIndex, Places } from "./places.js";
import { nameOnly, type Problem } from "./problem.js";
import { syntaxProblems } from "./syntax-problems.js";

/** Nodes that aliases may add to a document: far above honest use, far below an alias bomb. */
const aliasedNodesMax = 100_000;
const forbiddenKeys = new Set(["__proto__", "constructor", "prototype"]);

export interface ManifestDocument {
  /** Lists, maps without a prototype, and scalars. Meaningless where the syntax is broken. */
  readonly value: unknown;
  readonly places: Places;
  readonly problems: readonly Problem[];
  readonly isReadable: boolean;
}

/** Reads YAML 1.2 (core schema, one document) without ever throwing. */
export function readDocument(text: string): ManifestDocument {
  const lines = new LineCounter();
  const reader = new DocumentReader();
  const places = new Places(reader, lines);
  const tooDeep = findTooDeep(text);
  if (tooDeep !== null) {
    lines.addNewLine(0);
    for (const match of text.matchAll(/\n/g)) lines.addNewLine(match.index + 1);
    return { value: null, places, problems: [nestedTooDeep(tooDeep)], isReadable: false };
  }
  // `silent` would hide second documents; duplicate keys are found below, in linear time.
  const document = parseDocument(text, {
    schema: "core",
    stringKeys: true,
    uniqueKeys: false,
    prettyErrors: false,
    resolveKnownTags: false,
    logLevel: "error",
    lineCounter: lines,
  });
  const broken = syntaxProblems([...document.errors, ...document.warnings]);
  if (broken.length > 0) return { value: null, places, problems: broken, isReadable: false };
  const value = reader.readRoot(document.contents);
  return { value, places, problems: reader.problems, isReadable: true };
}

class DocumentReader implements NodeIndex {
  contents: Node | null = null;
  readonly problems: Problem[] = [];
  readonly #anchors = new Map<string, Node>();
  readonly #targets = new Map<Alias, Node>();
  readonly #pairs = new Map<Node, MapPairs>();
  /** Aliased nodes that are being read: one that comes up again contains itself. */
  readonly #open = new Set<Node>();
  #aliasedNodes = 0;
  #isExhausted = false;

  readRoot(contents: Node | null): unknown {
    this.contents = contents;
    return this.#read(contents);
  }

  pairsOf(node: Node): MapPairs | undefined {
    return this.#pairs.get(node);
  }

  target(node: Node): Node | undefined {
    return isAlias(node) ? this.#targets.get(node) : node;
  }

  #read(node: Node | null): unknown {
    if (node === null) return null;
    if (isAlias(node)) return this.#readAlias(node);
    // Inside an alias the anchors are those of the place where it was defined.
    if (this.#open.size > 0) this.#aliasedNodes += 1;
    else if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isMap<Node, Node | null>(node)) return this.#readMap(node);
    if (isSeq<Node>(node)) return node.items.map((item) => this.#read(item));
    return isScalar(node) ? node.value : null;
  }

  #readAlias(alias: Alias): unknown {
    const target = this.#targets.get(alias) ?? this.#anchors.get(alias.source);
    if (target === undefined) {
      this.#refuse(alias, "an alias has no anchor before it", {
        expected: "an anchor of that name further up",
        received: "`*…` without its `&…`",
        fix: "define the anchor first, or put quotes round text that begins with `*`",
      });
      return null;
    }
    this.#targets.set(alias, target);
    if (this.#open.has(target)) return this.#refuseExpansion(alias, "itself");
    if (this.#aliasedNodes > aliasedNodesMax) {
      // Once is enough: a bomb would be reported at each of its aliases.
      if (!this.#isExhausted) this.#refuseExpansion(alias, "far too much");
      this.#isExhausted = true;
      return null;
    }
    this.#open.add(target);
    const value = this.#read(target);
    this.#open.delete(target);
    return value;
  }

  #refuseExpansion(alias: Alias, content: string): null {
    this.#refuse(alias, `an alias contains ${content}`, {
      expected: `aliases that add at most ${aliasedNodesMax} values`,
      received: "`*…`",
      fix: "write the value itself, or share it under `defaults`",
    });
    return null;
  }

  #readMap(node: YAMLMap<Node, Node | null>): unknown {
    const known = this.#pairs.get(node);
    const pairs = known ?? this.#indexPairs(node);
    this.#pairs.set(node, pairs);
    const value: Record<string, unknown> = Object.create(null);
    for (const [key, pair] of pairs) value[key] = this.#read(pair.value);
    return value;
  }

  #indexPairs(node: YAMLMap<Node, Node | null>): MapPairs {
    const pairs = new Map<string, Pair<Node, Node | null>>();
    for (const pair of node.items) {
      const key = isScalar(pair.key) ? String(pair.key.value ?? "") : "";
      if (forbiddenKeys.has(key)) {
        this.#refuse(pair.key, `the key \`${key}\` is not allowed`, {
          expected: "any other name",
          received: `the key \`${key}\``,
          fix: "choose another name",
        });
      } else if (pairs.has(key)) {
        this.#refuse(pair.key, `the key \`${nameOnly(key)}\` is written twice in one map`, {
          expected: "each key once",
          received: `a second \`${nameOnly(key)}\``,
          fix: "remove one of the two",
        });
      } else {
        pairs.set(key, pair);
      }
    }
    return pairs;
  }

  #refuse(node: Node, what: string, text: Pick<Problem, "expected" | "received" | "fix">): void {
    const offset = node.range?.[0] ?? 0;
    this.problems.push({ code: "IM_MANIFEST_INVALID", where: { offset }, what, ...text });
  }
}

function nestedTooDeep(offset: number): Problem {
  return {
    code: "IM_MANIFEST_INVALID",
    where: { offset },
    what: "the manifest is nested too deeply",
    expected: `at most ${nestingMax} levels`,
    received: `more than ${nestingMax}`,
    fix: "remove levels: no key of a manifest needs more than six",
  };
}
