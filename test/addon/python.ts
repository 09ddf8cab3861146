import { spawnSync } from "node:child_process";
import test from "ava";

/** `test.serial`, skipped by name where the machine has no Python 3 to play the guest. */
export const withPython =
  spawnSync("python3", ["-c", "import socket; socket.send_fds"]).status === 0
    ? test.serial
    : test.serial.skip;
