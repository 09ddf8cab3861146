/**
 * The command line: names, options and help. What a command does is loaded when it is called, so
 * that `im run` waits for nothing that it does not need.
 */
import { Command, Option } from "commander";
import { readConfiguration } from "../daemon/configuration.js";
import type { DeployOptions } from "./commands/deploy.js";
import type { Terminal } from "./terminal.js";

interface Common {
  readonly deployment?: string;
  readonly debug?: boolean;
}

export type SetExitCode = (exitCode: number) => void;

export function createProgram(terminal: Terminal, setExitCode: SetExitCode): Command {
  const program = new Command("im");
  program
    .description("Networked applications whose hosts exist only while somebody talks to them.")
    .version(readConfiguration().version, "--version", "print the version")
    .enablePositionalOptions()
    .exitOverride()
    // Mistakes are printed in one place and one format, by main.ts.
    .configureOutput({ writeOut: terminal.write, writeErr: () => undefined })
    .addHelpText(
      "after",
      examples(
        "im deploy manifest.yaml          declare the hosts; nothing starts",
        "im run -- curl http://web:8080/  web boots because curl connects to it",
        "im status                        what is imaginary, what runs, and why",
        "im down                          end it all",
      ),
    );
  addCommon(program);
  addDeploy(program, terminal);
  addRun(program, terminal, setExitCode);
  addReaders(program, terminal);
  addExplainers(program, terminal, setExitCode);
  addControls(program, terminal);
  return program;
}

function addDeploy(program: Command, terminal: Terminal): void {
  const cloud = new Option("--cloud <cloud>", "where the hosts live");
  addCommon(program.command("deploy <manifest>"))
    .description("validate a manifest and declare its hosts; none of them starts")
    .addOption(cloud.choices(["local", "aws"]).default("local"))
    .option("--dry-run", "print the hosts and what would wake whom; change nothing")
    .option("--role <arn>", "aws: the role that functions run as (or IM_AWS_ROLE)")
    .option("--reserve-concurrency", "aws: room for each class's hosts, out of the account's")
    .addHelpText(
      "after",
      examples(
        "im deploy manifest.yaml",
        "im deploy --dry-run manifest.yaml",
        "im deploy --cloud aws --dry-run manifest.yaml   packages, changes, IAM policies",
        "im deploy --cloud aws --role arn:aws:iam::123456789012:role/shop manifest.yaml",
      ),
    )
    .action(async (manifest: string, options: DeployOptions) => {
      const { deploy } = await import("./commands/deploy.js");
      await deploy(terminal, manifest, options);
    });
}

function addRun(program: Command, terminal: Terminal, setExitCode: SetExitCode): void {
  addCommon(program.command("run <command...>"))
    .description("run a program inside the deployment's network; its exit code is im's")
    .option("--as <host>", "with the name and the address of this host")
    .passThroughOptions()
    .addHelpText(
      "after",
      examples(
        "im run -- curl http://web:8080/",
        "im run -- redis-cli -h cache ping",
        "im run --as web -- node client.js",
      ),
    )
    .action(async (command: string[], _: unknown, self: Command) => {
      const { run } = await import("./commands/run.js");
      setExitCode(await run(terminal, self.optsWithGlobals<Common & { as?: string }>(), command));
    });
  addCommon(program.command("shell"))
    .description("start an interactive shell inside the deployment's network")
    .addHelpText("after", examples("im shell", "SHELL=/bin/zsh im shell"))
    .action(async (_: unknown, self: Command) => {
      const { shell } = await import("./commands/shell.js");
      setExitCode(await shell(terminal, self.optsWithGlobals<Common>()));
    });
}

function addReaders(program: Command, terminal: Terminal): void {
  addCommon(program.command("status [host]"))
    .description("show the hosts: their states, addresses, and what woke them last")
    .option("--watch", "keep it up to date until Ctrl-C")
    .option("--json", "print one JSON document")
    .addHelpText("after", examples("im status", "im status web --json", "im status --watch"))
    .action(async (host: string | undefined, _: unknown, self: Command) => {
      const { status } = await import("./commands/status.js");
      type Options = Common & { watch?: boolean; json?: boolean };
      await status(terminal, host ?? null, self.optsWithGlobals<Options>());
    });
  addCommon(program.command("events"))
    .description("print every lifecycle event, one a line")
    .option("-f, --follow", "wait for further events until Ctrl-C")
    .option("--json", "print one JSON object a line")
    .addHelpText("after", examples("im events", "im events -f --json | jq .host"))
    .action(async (_: unknown, self: Command) => {
      const { events } = await import("./commands/events.js");
      type Options = Common & { follow?: boolean; json?: boolean };
      await events(terminal, self.optsWithGlobals<Options>());
    });
  addCommon(program.command("logs <host>"))
    .description("print what a host's guests wrote to stdout and stderr, with incarnation")
    .option("-f, --follow", "wait for further output until Ctrl-C or the deployment's end")
    .addHelpText("after", examples("im logs web", "im logs -f worker-3"))
    .action(async (host: string, _: unknown, self: Command) => {
      const { logs } = await import("./commands/logs.js");
      await logs(terminal, host, self.optsWithGlobals<Common & { follow?: boolean }>());
    });
}

function addExplainers(program: Command, terminal: Terminal, setExitCode: SetExitCode): void {
  addCommon(program.command("why <host>"))
    .description("tell who woke a host, and what keeps it awake now")
    .option("--json", "print one JSON document")
    .addHelpText("after", examples("im why db", "im why db --json | jq .chain"))
    .action(async (host: string, _: unknown, self: Command) => {
      const { why } = await import("./commands/why.js");
      await why(terminal, host, self.optsWithGlobals<Common & { json?: boolean }>());
    });
  addCommon(program.command("doctor"))
    .description("try what this machine can do, and say what is done instead")
    .option("--json", "print one JSON document")
    .addHelpText("after", examples("im doctor", "im doctor --json"))
    .action(async (_: unknown, self: Command) => {
      const { doctor } = await import("./commands/doctor.js");
      setExitCode(doctor(terminal, self.optsWithGlobals<Common & { json?: boolean }>()));
    });
  addCommon(program.command("metrics"))
    .description("print hosts, wakes and costs of everything deployed here, for Prometheus")
    .addHelpText("after", examples("im metrics", "im metrics | grep ^im_wakes_total"))
    .action(async () => {
      const { metrics } = await import("./commands/metrics.js");
      await metrics(terminal);
    });
}

function addControls(program: Command, terminal: Terminal): void {
  addCommon(program.command("wake <host...>"))
    .description("boot hosts by hand, and wait until they run")
    .addHelpText("after", examples("im wake web", "im wake worker-0 worker-1"))
    .action(async (hosts: string[], _: unknown, self: Command) => {
      const { wake } = await import("./commands/control.js");
      await wake(terminal, hosts, self.optsWithGlobals<Common>());
    });
  addCommon(program.command("suspend <host...>"))
    .description("put hosts to sleep by hand; whatever happens to them wakes them")
    .addHelpText("after", examples("im suspend web", "im suspend worker-0 worker-1"))
    .action(async (hosts: string[], _: unknown, self: Command) => {
      const { suspend } = await import("./commands/control.js");
      await suspend(terminal, hosts, self.optsWithGlobals<Common>());
    });
  addCommon(program.command("stop <host...>"))
    .description("end hosts by hand; the next connect boots them again")
    .addHelpText("after", examples("im stop web", "im stop worker-0 worker-1"))
    .action(async (hosts: string[], _: unknown, self: Command) => {
      const { stop } = await import("./commands/control.js");
      await stop(terminal, hosts, self.optsWithGlobals<Common>());
    });
  addCommon(program.command("down"))
    .description("end the deployment; only logs and the closed table stay")
    .option("--all", "end every deployment under IM_HOME")
    .addHelpText("after", examples("im down", "im down --deployment shop", "im down --all"))
    .action(async (_: unknown, self: Command) => {
      const { down } = await import("./commands/down.js");
      await down(terminal, self.optsWithGlobals<Common & { all?: boolean }>());
    });
}

/** These may stand before or after the command's name. */
function addCommon(command: Command): Command {
  return command
    .option("--deployment <name>", "where more than one is deployed")
    .option("--debug", "print a stack with an error");
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}\n`).join("")}`;
}
