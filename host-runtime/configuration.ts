/** What the process's own environment says: the only place that reads it. */
import { ImError } from "../platform/errors/im-error.js";

export interface Configuration {
  /** `host:port`, or `unix:<path>` where the local engine serves it. */
  readonly runtimeApi: string;
  /** Of the log stream, unique to the environment; null: the function has none. */
  readonly environmentName: string | null;
  /** What guests get besides the variables of their boot event. */
  readonly inherited: Readonly<Record<string, string>>;
}

/**
 * Everything else stays out: a guest must not see this process's credentials. By the log stream's
 * name the engine finds processes that escaped their tree.
 */
const inheritedNames = ["PATH", "HOME", "LANG", "TZ", "AWS_LAMBDA_LOG_STREAM_NAME"];
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export function readConfiguration(environment: NodeJS.ProcessEnv): Configuration {
  const runtimeApi = environment["AWS_LAMBDA_RUNTIME_API"];
  if (runtimeApi === undefined || runtimeApi === "") {
    throw new ImError("IM_INTERNAL", {
      what: "the host-runtime was started outside of a Lambda environment",
      expected: "AWS_LAMBDA_RUNTIME_API in the environment",
      fix: "let `im deploy` start it",
    });
  }
  const inherited: Record<string, string> = { PATH: defaultPath };
  for (const name of inheritedNames) {
    const value = environment[name];
    if (value !== undefined) inherited[name] = value;
  }
  const environmentName = environment["AWS_LAMBDA_LOG_STREAM_NAME"] ?? null;
  return { runtimeApi, environmentName, inherited };
}
