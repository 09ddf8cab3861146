import test, { type ExecutionContext } from "ava";
import { Agent } from "undici";
import { EngineRig, fixtureCode } from "../engine/engine-rig.js";
import { onlyIf } from "../process/requirements.js";
import { errorName, faultsOf } from "./answer-check.js";
import { type Answer, send } from "./http-request.js";
import {
  findBotocore,
  type Model,
  type Operation,
  parseModel,
  readMergedModel,
} from "./lambda-model.js";
import { type Input, type Variation, variationsOf } from "./request-variations.js";
import {
  isUnavailable,
  possibleErrors,
  type ServedOperation,
  servedOperations,
} from "./served-operations.js";

const refusal = "InvalidParameterValueException";
const botocore = findBotocore();
const model: Model =
  botocore === null ? { operations: {}, shapes: {} } : parseModel(readMergedModel(botocore));
const withModel = onlyIf(botocore !== null, "awscli (botocore's model of Lambda)");
const zip = (await fixtureCode()).toString("base64");

for (const served of servedOperations(zip)) {
  withModel(`${served.name} takes and refuses what AWS's model says`, async (t) => {
    const session = await Session.start(t, served);
    const { operation } = session;
    const first = await session.send(served.base);
    t.deepEqual(faultsOf(model, operation, first), []);
    t.true(first.status < 300, `${first.status} ${first.body}`);
    for (const variation of variationsOf(model, operation, served.base)) {
      const answer = await session.send(variation.input);
      const { path, value, isInside } = variation;
      const side = isInside ? "inside" : "outside";
      const title = `${path} ${JSON.stringify(value)?.slice(0, 80)} is ${side}`;
      const said = `${title}: ${answer.status} ${answer.body.toString().slice(0, 300)}`;
      t.deepEqual(faultsOf(model, operation, answer), [], said);
      t.true(isExpected(variation, answer), said);
    }
  });
}

function isExpected(variation: Variation, answer: Answer): boolean {
  if (!variation.isInside || isUnavailable(variation)) return errorName(answer) === refusal;
  return answer.status < 300 || possibleErrors(variation).includes(errorName(answer));
}

class Session {
  private constructor(
    private readonly rig: EngineRig,
    private readonly agent: Agent,
    readonly operation: Operation,
    private readonly served: ServedOperation,
  ) {}

  static async start(t: ExecutionContext, served: ServedOperation): Promise<Session> {
    const rig = await EngineRig.start(t);
    const agent = new Agent({ connect: { socketPath: rig.socketPath } });
    t.teardown(() => agent.close());
    const session = new Session(rig, agent, operationNamed(served.name), served);
    await session.#prepare();
    return session;
  }

  /** Afterwards there is what was there before. */
  async send(input: Input): Promise<Answer> {
    const answer = await send(model, this.operation, input, this.agent);
    if (answer.status === 201) await this.#call("DeleteFunction", created(answer));
    if (this.operation.name === "DeleteFunction" && answer.status < 300) await this.#prepare();
    return answer;
  }

  async #prepare(): Promise<void> {
    await this.rig.create("web");
    const { before } = this.served;
    if (before !== undefined) await this.#call(before.operation, before.input);
  }

  async #call(name: string, input: Input): Promise<void> {
    const answer = await send(model, operationNamed(name), input, this.agent);
    if (answer.status >= 300) throw new Error(`${name}: ${answer.status} ${answer.body}`);
  }
}

function created({ body }: Answer): Input {
  const { FunctionName }: { FunctionName: string } = JSON.parse(body.toString());
  return { FunctionName };
}

function operationNamed(name: string): Operation {
  const found = model.operations[name];
  if (found === undefined) throw new Error(`the model has no operation ${name}`);
  return found;
}

test("the walk reaches every member of every operation that is served", (t) => {
  if (botocore === null) return t.pass("there is no model");
  for (const { name, base } of servedOperations(zip)) {
    const operation = operationNamed(name);
    const input = model.shapes[operation.input?.shape ?? ""];
    const reached = new Set(variationsOf(model, operation, base).map(({ path }) => path));
    const left = Object.keys(input?.members ?? {}).filter(
      (member) =>
        member !== input?.payload && ![...reached].some((path) => path.startsWith(member)),
    );
    t.deepEqual(left, [], name);
  }
  return undefined;
});
