/** Every error a user can see: whose fault it is, and what to do when nothing better is known. */
export const errorCatalogue = {
  IM_MANIFEST_UNREADABLE: { fault: "user", fix: "check the path and its permissions" },
  IM_MANIFEST_SYNTAX: { fault: "user", fix: "correct the YAML at the place given" },
  IM_MANIFEST_INVALID: { fault: "user", fix: "correct the value at the place given" },
  IM_MANIFEST_UNSUPPORTED: { fault: "user", fix: "remove the key; this version cannot honour it" },
  IM_USAGE: { fault: "user", fix: "run `im --help`" },
  IM_NO_DEPLOYMENT: { fault: "user", fix: "run `im deploy <manifest>` first" },
  IM_AMBIGUOUS_DEPLOYMENT: { fault: "user", fix: "name one with `--deployment <name>`" },
  IM_NO_HOST: { fault: "user", fix: "`im status` lists the hosts of the deployment" },
  IM_COMMAND_NOT_FOUND: { fault: "user", fix: "check the command's spelling and the PATH" },
  IM_GUEST_COMMAND: { fault: "user", fix: "correct `command` or `directory` in the manifest" },
  IM_GUEST_EXITED: { fault: "user", fix: "`im logs <host>` shows what it printed" },
  IM_HOST_BUSY: { fault: "user", fix: "try again, or see `im why <host>`" },
  IM_STOPPED: { fault: "user", fix: "nothing: the next connect boots the host again" },
  IM_BOOT_TIMEOUT: { fault: "user", fix: "listen on the first declared port or raise bootTimeout" },
  IM_PORT_TAKEN: { fault: "user", fix: "stop the program that holds the port, or use another" },
  IM_PORT_FORBIDDEN: { fault: "user", fix: "use a port from 1024 up, or run as root" },
  IM_NO_ADDRESS_BLOCK: { fault: "system", fix: "end deployments that are not needed: `im down`" },
  IM_CLIENTS_MAX: { fault: "user", fix: "end some of the programs started with `im run`" },
  IM_CLOUD_UNAVAILABLE: { fault: "user", fix: "deploy with `--cloud local`" },
  IM_CLOUD_CREDENTIALS: {
    fault: "user",
    fix: "set AWS_REGION and credentials as for the aws command: variables, profile or login",
  },
  IM_CLOUD_DENIED: {
    fault: "user",
    fix: "attach the deployer's policy that `im deploy --cloud aws --dry-run` prints",
  },
  IM_CLOUD_ROLE: { fault: "user", fix: "name the functions' role with `--role <arn>`" },
  IM_CLOUD_CONFLICT: { fault: "user", fix: "remove it, or give the deployment another name" },
  IM_CLOUD_FAILED: { fault: "system", fix: "repeat the command: it goes on where it stopped" },
  IM_PACKAGE_INVALID: {
    fault: "user",
    fix: "remove it from the directory, or give the host a `directory` of its own",
  },
  IM_PACKAGE_TOO_LARGE: {
    fault: "user",
    fix: "remove what the host does not need, or give it a `directory` of its own",
  },
  IM_DAEMON_UNREACHABLE: { fault: "system", fix: "see daemon.log in IM_HOME, then repeat" },
  IM_DAEMON_VERSION: {
    fault: "user",
    fix: "end its deployments with `im down --all`, then repeat",
  },
  IM_DIRECTORY_UNSAFE: { fault: "user", fix: "remove it, or set IM_HOME to another directory" },
  IM_STORE_FAILED: { fault: "system", fix: "check the disk under IM_HOME, then repeat" },
  IM_INVOKE_FAILED: { fault: "system", fix: "see engine.log in IM_HOME, then repeat" },
  IM_ENVIRONMENT_LOST: { fault: "system", fix: "nothing: the next connect boots the host again" },
  IM_GUARD_REFUSED: { fault: "system", fix: "`im doctor` says what this machine allows" },
  IM_MACHINE_LIMIT: { fault: "system", fix: "free what has run out, then repeat" },
  IM_NOT_BUILT: { fault: "user", fix: "run `npm run build` in the checkout" },
  IM_INTERNAL: { fault: "system", fix: "repeat with --debug and report what it prints" },
} as const satisfies Record<string, { fault: "user" | "system"; fix: string }>;

export type ErrorCode = keyof typeof errorCatalogue;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}
