/** Where a command's output goes, and what it may look like there. */
export interface Terminal {
  /** A person reads along: a screen can be redrawn. */
  readonly interactive: boolean;
  /** null: no limit. */
  readonly columns: number | null;
  readonly coloured: boolean;
  write(text: string | Uint8Array): void;
  /** For what is not the result: progress and hints. */
  note(text: string): void;
}

export const colours = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  cyan: 36,
} as const;
export type Colour = keyof typeof colours;

export function paint(text: string, colour: Colour, coloured: boolean): string {
  return coloured ? `\u001b[${colours[colour]}m${text}\u001b[0m` : text;
}

/** What a guest or a manifest may have put into a text must not steer the terminal. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be removed
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
}

export function processTerminal(variables: NodeJS.ProcessEnv = process.env): Terminal {
  const { stdout, stderr } = process;
  // The reader has had enough (`im events | head`): that is no failure.
  for (const stream of [stdout, stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(0);
      throw error;
    });
  }
  const interactive = stdout.isTTY === true;
  const noColour = variables["NO_COLOR"];
  return {
    interactive,
    get columns() {
      // A terminal that does not know its size says 0.
      return interactive ? stdout.columns || null : null;
    },
    coloured: interactive && (noColour === undefined || noColour === ""),
    write: (text) => void stdout.write(text),
    note: (text) => void stderr.write(text),
  };
}
