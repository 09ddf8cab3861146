import { isMap, isScalar, isSeq, type LineCounter, type Node, type Pair } from "yaml";
import type { SourcePlace } from "../errors/im-error.js";
import type { Path, Where } from "./problem.js";

export type MapPairs = ReadonlyMap<string, Pair<Node, Node | null>>;

/** What the reader of a document knows about where things are. */
export interface NodeIndex {
  readonly contents: Node | null;
  /** The pairs of a map by key. */
  pairsOf(node: Node): MapPairs | undefined;
  /** What an alias stands for; any other node itself. */
  target(node: Node): Node | undefined;
}

/** From a path in the manifest to the text that it was read from. */
export class Places {
  readonly #index: NodeIndex;
  readonly #lines: LineCounter;

  constructor(index: NodeIndex, lines: LineCounter) {
    this.#index = index;
    this.#lines = lines;
  }

  /** Where nothing was written at the path, the place is that of the nearest thing around it. */
  offset(where: Where): number {
    if ("offset" in where) return where.offset;
    let node = this.#index.contents;
    let offset = node?.range?.[0] ?? 0;
    for (const [depth, segment] of where.path.entries()) {
      const found = this.#step(node, segment);
      if (found === undefined) break;
      const isLast = depth === where.path.length - 1;
      node = found.value;
      const keyOffset = found.key?.range?.[0];
      const valueOffset = node?.range?.[0];
      // The parent of something missing is best shown by its name.
      const wantsKey = isLast ? where.at === "key" || isEmpty(node) : isMap(node);
      offset = (wantsKey ? (keyOffset ?? valueOffset) : (valueOffset ?? keyOffset)) ?? offset;
    }
    return offset;
  }

  at(offset: number, file: string): SourcePlace {
    const { line, col } = this.#lines.linePos(offset);
    return line === 0 ? { file, line: 1, column: 1 } : { file, line, column: col };
  }

  /** A scalar as it was written (`0644`, `1.10`), null where there is none. */
  textAt(path: Path): string | null {
    let node = this.#index.contents;
    for (const segment of path) node = this.#step(node, segment)?.value ?? null;
    const target = node === null ? undefined : this.#index.target(node);
    if (!isScalar(target)) return null;
    return typeof target.value === "string" ? target.value : (target.source ?? null);
  }

  #step(from: Node | null, segment: string | number) {
    const node = from === null ? undefined : this.#index.target(from);
    if (isMap(node)) {
      const pair = this.#index.pairsOf(node)?.get(String(segment));
      return pair === undefined ? undefined : { key: pair.key, value: pair.value };
    }
    if (!isSeq<Node>(node) || typeof segment !== "number") return undefined;
    const item = node.items[segment];
    return item === undefined ? undefined : { key: null, value: item };
  }
}

/** `key:` with nothing behind it: the key says more than the end of the line. */
function isEmpty(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null && node.source === "");
}
