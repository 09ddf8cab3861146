/** A table of plain text that fits a width, by shortening and then by leaving out columns. */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** Shortened down to this many characters where there is no room; absent: never shortened. */
  readonly widthMin?: number;
  /** Left out where there is still no room, the lowest first; absent: never left out. */
  readonly rank?: number;
}

export interface TableLayout {
  /** Index of each column that stays. */
  readonly columns: readonly number[];
  readonly widths: readonly number[];
}

/** Paints a cell that has been padded already. */
export type CellPainter = (padded: string, row: number, column: number) => string;

const gap = "  ";

export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  widthMax: number | null,
  paintCell: CellPainter = (padded) => padded,
): string {
  const layout = layOut(columns, rows, widthMax);
  const titles = columns.map((column) => column.title);
  const lines = [titles, ...rows].map((cells, row) => {
    const parts = layout.columns.map((index) => {
      const cell = pad(cells[index] ?? "", layout.widths[index] ?? 0, columns[index]?.align);
      return row === 0 ? cell : paintCell(cell, row - 1, index);
    });
    return parts.join(gap).trimEnd();
  });
  return `${lines.join("\n")}\n`;
}

function layOut(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  widthMax: number | null,
): TableLayout {
  const widths = columns.map((column, index) =>
    rows.reduce((width, row) => Math.max(width, row[index]?.length ?? 0), column.title.length),
  );
  let shown = columns.map((_, index) => index);
  const excess = (): number => {
    const sum = shown.reduce((total, index) => total + (widths[index] ?? 0), 0);
    return sum + gap.length * (shown.length - 1) - (widthMax ?? Number.POSITIVE_INFINITY);
  };
  for (const index of shown.toReversed()) {
    const { widthMin } = columns[index] ?? {};
    const width = widths[index] ?? 0;
    if (widthMin === undefined || excess() <= 0) continue;
    widths[index] = Math.max(Math.min(width, widthMin), width - excess());
  }
  const rank = (index: number): number => columns[index]?.rank ?? Number.POSITIVE_INFINITY;
  const expendable = shown.filter((index) => rank(index) < Number.POSITIVE_INFINITY);
  for (const leave of expendable.toSorted((a, b) => rank(a) - rank(b))) {
    if (excess() <= 0) break;
    shown = shown.filter((index) => index !== leave);
  }
  return { columns: shown, widths };
}

function pad(text: string, width: number, align: "left" | "right" = "left"): string {
  const short = text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text;
  return align === "left" ? short.padEnd(width) : short.padStart(width);
}
