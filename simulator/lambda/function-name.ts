import { LambdaError } from "./lambda-error.js";
import { invalid } from "./validation.js";

export interface FunctionTarget {
  readonly name: string;
  /** Version or alias; null: none is named. */
  readonly qualifier: string | null;
}

const prefix = "(?:arn:(?:aws[a-zA-Z-]*)?:lambda:)?";
const place = String.raw`(?:(?<region>[a-z]{2}(?:-[a-z]+){1,2}-\d):)?(?:(?<account>\d{12}):)?`;
const suffix = String.raw`(?::(?<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?`;
/** As in AWS's model: a name, an ARN, and every part of one that ends in a name. */
const plain = {
  pattern: new RegExp(`^${prefix}${place}(?:function:)?(?<name>[a-zA-Z0-9-_]+)${suffix}$`),
  lengthMax: 140,
};
/** Where functions are read and invoked AWS lets dots pass, though no function has one. */
const namespaced = {
  pattern: new RegExp(`^${prefix}${place}(?:function:)?(?<name>[a-zA-Z0-9-_.]+)${suffix}$`),
  lengthMax: 170,
};
const nameLengthMax = 64;
export const latest = "$LATEST";

/** Names of functions in one account and region: by themselves, in ARNs and in parts of them. */
export class FunctionNames {
  constructor(
    private readonly region: string,
    private readonly account: string,
  ) {}

  arnOf(name: string): string {
    return `arn:aws:lambda:${this.region}:${this.account}:function:${name}`;
  }

  /** The name that a function is to have. */
  parseNew(text: string): string {
    const { name } = this.#parse(text, plain);
    if (name.length <= nameLengthMax) return name;
    throw refuse(text, `Member must have length less than or equal to ${nameLengthMax}`);
  }

  parse(text: string, qualifier?: string): string {
    return this.#latest(this.#parse(text, plain), qualifier);
  }

  parseNamespaced(text: string, qualifier?: string): string {
    return this.#latest(this.#parse(text, namespaced), qualifier);
  }

  /** Tags go by whole ARNs of functions, without a qualifier. */
  parseArn(text: string): string {
    if (!text.startsWith("arn:")) throw refuse(text, "Member must be the ARN of a function");
    const { name, qualifier } = this.#parse(text, plain);
    if (qualifier !== null)
      throw invalid("Tags on function aliases and versions are not supported");
    return name;
  }

  /** Functions have one version here, `$LATEST`. */
  #latest({ name, qualifier: derived }: FunctionTarget, specified?: string): string {
    if (derived !== null && specified !== undefined && derived !== specified) {
      throw invalid(
        "The derived qualifier from the function name does not match the specified qualifier.",
      );
    }
    const qualifier = derived ?? specified ?? latest;
    if (qualifier !== latest) throw notFound(`${this.arnOf(name)}:${qualifier}`);
    return name;
  }

  #parse(text: string, { pattern, lengthMax }: typeof plain): FunctionTarget {
    if (text.length > lengthMax) {
      throw refuse(text, `Member must have length less than or equal to ${lengthMax}`);
    }
    const groups = pattern.exec(text)?.groups;
    const name = groups?.["name"];
    if (groups === undefined || name === undefined) {
      throw refuse(text, `Member must satisfy regular expression pattern: ${pattern.source}`);
    }
    const { region, account, qualifier } = groups;
    if (region !== undefined && region !== this.region) {
      const message = `Functions from '${region}' are not reachable in this region`;
      throw new LambdaError("ResourceNotFoundException", `${message} ('${this.region}')`);
    }
    if (account !== undefined && account !== this.account) throw notFound(text);
    return { name, qualifier: qualifier ?? null };
  }
}

export function notFound(arn: string): LambdaError {
  return new LambdaError("ResourceNotFoundException", `Function not found: ${arn}`);
}

function refuse(text: string, constraint: string): LambdaError {
  const value = `Value '${text.slice(0, 200)}' at 'functionName'`;
  return invalid(
    `1 validation error detected: ${value} failed to satisfy constraint: ${constraint}`,
  );
}
