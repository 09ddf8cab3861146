/** Whether the AWS SDK would find a region and credentials, as far as that needs no network. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type Check, check, NotEnough } from "./doctor-check.js";

type Variables = Readonly<Record<string, string | undefined>>;

const instead = "the local cloud, which needs none";

/** Names only: values are secrets. */
export function awsChecks(
  variables: Variables = process.env,
  home: string = homedir(),
): readonly Check[] {
  return [
    check({ name: "AWS region", instead }, () => region(variables, home)),
    check({ name: "AWS credentials", instead }, () => credentials(variables, home)),
  ];
}

function region(variables: Variables, home: string): string {
  const named = firstSet(variables, ["AWS_REGION", "AWS_DEFAULT_REGION"]);
  if (named !== null) return `${variables[named]} (${named})`;
  const text = profile(configFile(variables, home), variables);
  const found = text === null ? null : /^\s*region\s*=\s*(\S+)/m.exec(text)?.[1];
  if (found === null || found === undefined) throw new NotEnough("neither variable nor profile");
  return `${found} (profile ${profileName(variables)})`;
}

function credentials(variables: Variables, home: string): string {
  const named = firstSet(variables, [
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  ]);
  if (named !== null) return named;
  const secrets = variables["AWS_SHARED_CREDENTIALS_FILE"] ?? join(home, ".aws/credentials");
  for (const file of [secrets, configFile(variables, home)]) {
    const text = profile(file, variables);
    const known =
      /^\s*(?:aws_access_key_id|sso_\w+|role_arn|credential_process|login_session)\s*=/m;
    if (text !== null && known.test(text)) return `profile ${profileName(variables)} in ${file}`;
  }
  throw new NotEnough("neither variable nor profile (a VM's own role is not asked for)");
}

function configFile(variables: Variables, home: string): string {
  return variables["AWS_CONFIG_FILE"] ?? join(home, ".aws/config");
}

function profileName(variables: Variables): string {
  return variables["AWS_PROFILE"] ?? "default";
}

/** The lines of the profile that is meant; null: there is no such file or section. */
function profile(file: string, variables: Variables): string | null {
  if (!existsSync(file)) return null;
  const name = profileName(variables);
  const sections = readFileSync(file, "utf8")
    .split(/^\s*\[/m)
    .slice(1);
  const own = sections.find((text) => {
    const title = text.slice(0, text.indexOf("]")).trim();
    return title === name || title === `profile ${name}`;
  });
  return own === undefined ? null : own.slice(own.indexOf("]") + 1);
}

function firstSet(variables: Variables, names: readonly string[]): string | null {
  return names.find((name) => (variables[name] ?? "") !== "") ?? null;
}
