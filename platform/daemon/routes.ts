import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import { ImError } from "../errors/im-error.js";
import { nameExpected, namePattern } from "../manifest/names.js";
import type { Log } from "../ports/log.js";
import { deployRequest, eventsQuery } from "./api.js";
import type { EventStreams } from "./event-streams.js";
import { expositionType, formatMetrics } from "./exposition.js";
import { noDeployment, noHost } from "./not-there.js";
import { buildInfo, processMetrics } from "./process-metrics-adapter.js";
import type { DaemonService, DeployRequest, DeployResult } from "./service.js";

export interface RouteOptions {
  readonly service: DaemonService;
  readonly version: string;
  readonly nodeSocket: string;
  readonly log: Log;
}

interface OfDeployment {
  readonly Params: { readonly name: string };
}
interface OfHost {
  readonly Params: { readonly name: string; readonly host: string };
}

export function addRoutes(
  app: FastifyInstance,
  options: RouteOptions,
  streams: EventStreams,
): void {
  const { service } = options;
  addDaemonRoutes(app, options);

  app.get<OfDeployment>("/deployments/:name", ({ params }) => {
    requireDeployment(service, params.name);
    return service.status(params.name);
  });
  app.delete<OfDeployment>("/deployments/:name", async ({ params }) => {
    requireDeployment(service, params.name);
    await service.down(params.name);
    streams.end(params.name);
    return {};
  });
  app.get<OfDeployment>("/deployments/:name/events", (request, reply) => {
    const { name } = request.params;
    const query = parse(eventsQuery, request.query, "query");
    requireDeployment(service, name);
    if (query.follow === "0") return reply.send(service.events(name));
    reply.hijack();
    streams.follow(name, reply.raw, query.past === "1");
    return reply;
  });
  addHostRoutes(app, service);
}

function addDaemonRoutes(app: FastifyInstance, options: RouteOptions): void {
  const { service, version, nodeSocket } = options;
  app.get("/health", () => ({
    pid: process.pid,
    version,
    nodeSocket,
    deployments: service.deployments(),
  }));
  app.get("/metrics", (_, reply) => {
    const metrics = [buildInfo(version), ...processMetrics(), ...service.metrics()];
    return reply.type(expositionType).send(formatMetrics(metrics));
  });
  app.get("/deployments", () => service.deployments());
  app.post("/deployments", async (request, reply) => {
    const body = parse(deployRequest, request.body, "body");
    const existed = service.deployments().includes(body.manifest.deployment);
    const result = await service.deploy(body);
    // Whoever interrupts `im deploy` wants nothing of it to stay.
    if (reply.raw.destroyed && !existed) await undo(options, body, result);
    return result;
  });
}

async function undo(options: RouteOptions, { manifest }: DeployRequest, result: DeployResult) {
  options.log.info({ deployment: manifest.deployment }, "the caller is gone: ends what it began");
  await options.service.down(result.deployment);
}

function addHostRoutes(app: FastifyInstance, service: DaemonService): void {
  app.get<OfHost>("/deployments/:name/hosts/:host", ({ params }) => {
    requireHostName(service, params);
    return service.host(params.name, params.host);
  });
  app.get<OfHost>("/deployments/:name/hosts/:host/why", ({ params }) => {
    requireHostName(service, params);
    return service.why(params.name, params.host);
  });
  for (const act of ["wake", "suspend", "stop"] as const) {
    app.post<OfHost>(`/deployments/:name/hosts/:host/${act}`, async ({ params }) => {
      requireHostName(service, params);
      await service[act](params.name, params.host);
      return {};
    });
  }
  app.get<OfHost>("/deployments/:name/hosts/:host/log-file", ({ params }) => {
    requireHostName(service, params);
    return { logFile: service.logFile(params.name, params.host) };
  });
}

function requireHostName(service: DaemonService, { name, host }: OfHost["Params"]): void {
  requireDeployment(service, name);
  if (namePattern.test(host)) return;
  throw noHost(name, host, nameExpected);
}

/** Only names that were deployed pass, and those have been checked. */
function requireDeployment(service: DaemonService, name: string): void {
  const deployed = service.deployments();
  if (!deployed.includes(name)) throw noDeployment(name, deployed);
}

function parse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  part: string,
): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  // Only the path and the rule: the value may be a secret.
  const where = [part, ...(issue?.path ?? []).map(String)].join(".");
  throw new ImError("IM_USAGE", {
    what: `${where}: ${issue?.message ?? "invalid"}`,
    expected: "a request of this version of im",
    received: "another",
  });
}
