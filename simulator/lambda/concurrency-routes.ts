import type { FastifyInstance } from "fastify";
import { unzippedBytesMax, zipBytesMax } from "./code-store.js";
import type { ControlApiOptions } from "./control-api.js";
import type { FunctionRecord } from "./function-record.js";
import { concurrencyRequest, recursionRequest } from "./function-requests.js";
import { bodyOf, nameOf } from "./request-target.js";
import { invalid, parseBody } from "./validation.js";

/** AWS's: so much is always left for functions without a reservation. */
const unreservedMin = 100;
/** AWS's 75 GB for all code of an account; nothing here is refused for it. */
const totalCodeBytesMax = 80_530_636_800;
const setting = "/2017-10-31/functions/:name/concurrency";
const recursion = "/2024-08-31/functions/:name/recursion-config";

/** How much may run at once: by function and in all; and whether functions may call in circles. */
export function addConcurrencyRoutes(api: FastifyInstance, options: ControlApiOptions): void {
  const { service, names, concurrencyMax } = options;
  api.put(setting, async (request) => {
    const name = nameOf(request, names);
    const asked = parseBody(concurrencyRequest, bodyOf(request)).ReservedConcurrentExecutions;
    const others = service.list().filter((other) => other.name !== service.get(name).name);
    if (concurrencyMax - reservedOf(others) - asked < unreservedMin) {
      throw invalid(
        "Specified ReservedConcurrentExecutions for function decreases account's " +
          `UnreservedConcurrentExecution below its minimum value of [${unreservedMin}].`,
      );
    }
    return concurrencyShape(service.change(name, { reservedConcurrency: asked }));
  });
  api.get("/2019-09-30/functions/:name/concurrency", async (request) =>
    concurrencyShape(service.get(nameOf(request, names))),
  );
  api.delete(setting, async (request, reply) => {
    service.change(nameOf(request, names), { reservedConcurrency: null });
    return reply.code(204).send();
  });
  api.get(recursion, async (request) => {
    return { RecursiveLoop: service.get(nameOf(request, names)).recursiveLoop };
  });
  api.put(recursion, async (request) => {
    const name = nameOf(request, names);
    const { RecursiveLoop } = parseBody(recursionRequest, bodyOf(request));
    return { RecursiveLoop: service.change(name, { recursiveLoop: RecursiveLoop }).recursiveLoop };
  });
  api.get("/2016-08-19/account-settings", async () => {
    const all = service.list();
    return {
      AccountLimit: {
        TotalCodeSize: totalCodeBytesMax,
        CodeSizeUnzipped: unzippedBytesMax,
        CodeSizeZipped: zipBytesMax,
        ConcurrentExecutions: concurrencyMax,
        UnreservedConcurrentExecutions: concurrencyMax - reservedOf(all),
      },
      AccountUsage: {
        TotalCodeSize: all.reduce((sum, { codeBytes }) => sum + codeBytes, 0),
        FunctionCount: all.length,
      },
    };
  });
}

function reservedOf(functions: readonly FunctionRecord[]): number {
  return functions.reduce((sum, { reservedConcurrency }) => sum + (reservedConcurrency ?? 0), 0);
}

function concurrencyShape({ reservedConcurrency }: FunctionRecord): object {
  if (reservedConcurrency === null) return {};
  return { ReservedConcurrentExecutions: reservedConcurrency };
}
