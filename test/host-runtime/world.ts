/** One environment: the real main.js between a fake Runtime API and a fake supervisor. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ExecutionContext } from "ava";
import type { BootEvent } from "../../platform/protocol/environment.js";
import { loadAddon } from "../../shim/index.js";
import { FakeRuntimeApi } from "./fake-runtime-api.js";
import { type FakePeer, FakeSupervisor } from "./fake-supervisor.js";

const main = fileURLToPath(new URL("../../host-runtime/main.js", import.meta.url));
let worlds = 0;

export class World {
  readonly directory = mkdtempSync(join(tmpdir(), "im-host-"));
  readonly marker = `test-${process.pid}-${++worlds}`;
  readonly api = new FakeRuntimeApi();
  supervisor = new FakeSupervisor(loadAddon(), join(this.directory, "node.sock"));
  readonly logFile = join(this.directory, "logs", "web.log");
  readonly apiPath = join(this.directory, "api.sock");
  readonly runtime: ChildProcess;
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  stderr = "";

  constructor() {
    this.runtime = spawn(process.execPath, [main], {
      stdio: ["ignore", "ignore", "pipe"],
      env: {
        PATH: process.env["PATH"],
        AWS_LAMBDA_RUNTIME_API: `unix:${this.apiPath}`,
        AWS_LAMBDA_LOG_STREAM_NAME: this.marker,
        AWS_SECRET_ACCESS_KEY: "not for guests",
      },
    });
    this.runtime.stderr?.on("data", (text) => {
      this.stderr += String(text);
    });
    this.exited = once(this.runtime, "close").then(([code, signal]) => ({ code, signal }));
  }

  event(script: string, more: Partial<BootEvent> = {}): BootEvent {
    return {
      version: 1,
      action: "boot",
      deployment: "shop",
      deployId: "deploy-1",
      host: "web",
      incarnation: 1,
      claim: "claim-1",
      nodeSocket: join(this.directory, "node.sock"),
      guest: {
        command: ["/bin/sh", "-c", script],
        directory: this.directory,
        environment: { IM_HOST: "web", GREETING: "a-secret" },
        preload: false,
      },
      logFile: this.logFile,
      ...more,
    };
  }

  /** Invokes, and accepts the life. */
  async boot(event: BootEvent): Promise<FakePeer> {
    this.api.invoke(event);
    const peer = await this.supervisor.peers.next();
    await peer.expect("environment.started");
    peer.send({ type: "environment.accepted" });
    return peer;
  }

  /** The supervisor ends as if it were killed: its socket stays, and refuses. */
  killSupervisor(): void {
    this.supervisor.close();
  }

  restartSupervisor(): void {
    rmSync(join(this.directory, "node.sock"));
    this.supervisor = new FakeSupervisor(loadAddon(), join(this.directory, "node.sock"));
  }

  /** Lines of the log without their time. */
  log(file = this.logFile): string[] {
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    return lines.map((line) => line.slice(line.indexOf(" ") + 1));
  }

  /** When the guest has written this line. */
  async logged(line: string): Promise<void> {
    for (let attempt = 0; attempt < 1000; attempt++) {
      try {
        if (this.log().includes(line)) return;
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
      }
      await delay(10);
    }
    throw new Error(`not in the log: ${line}`);
  }

  /** Processes of this environment, wherever in the process tree they are. */
  processes(): number[] {
    const mark = `AWS_LAMBDA_LOG_STREAM_NAME=${this.marker}\0`;
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && environmentOf(name).includes(mark))
      .map(Number);
  }

  async gone(): Promise<void> {
    for (let attempt = 0; this.processes().length > 0; attempt++) {
      if (attempt === 1000) throw new Error(`left behind: ${this.processes().join(" ")}`);
      await delay(10);
    }
  }

  async close(): Promise<void> {
    this.runtime.kill("SIGKILL");
    await this.exited;
    await this.gone();
    this.supervisor.close();
    this.api.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    // It has ended meanwhile.
    return "";
  }
}

/** An environment that waits in `next`, and is taken down with the test. */
export async function warmWorld(t: ExecutionContext): Promise<World> {
  const world = new World();
  t.teardown(() => world.close());
  await world.api.listen(world.apiPath);
  const ended = world.exited.then(() => Promise.reject(new Error(`ended: ${world.stderr}`)));
  await Promise.race([world.api.polls.next(), ended]);
  // A test may end the environment, from here on.
  ended.catch(() => undefined);
  return world;
}
