import { examineMachine } from "../../daemon/compose-doctor.js";
import { formatDoctor } from "../format-doctor.js";
import type { Terminal } from "../terminal.js";

export interface DoctorOptions {
  readonly json?: boolean;
}

/** The exit code: 2 where something necessary is missing. */
export function doctor(terminal: Terminal, { json }: DoctorOptions): 0 | 2 {
  const report = examineMachine();
  terminal.write(json ? `${JSON.stringify(report)}\n` : formatDoctor(report, terminal.coloured));
  return report.ok ? 0 : 2;
}
