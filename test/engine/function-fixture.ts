import type { FunctionRecord } from "../../simulator/lambda/function-record.js";

/** A function as the engine keeps it. */
export const functionRecord: FunctionRecord = {
  name: "web",
  description: "",
  role: "arn:aws:iam::000000000000:role/test",
  runtime: "provided.al2023",
  architecture: "x86_64",
  handler: "main",
  timeoutSeconds: 3,
  memoryMb: 128,
  variables: {},
  tags: {},
  perTenant: true,
  ephemeralStorageMb: 512,
  tracingMode: "PassThrough",
  logGroup: null,
  recursiveLoop: "Terminate",
  codeKey: "0".repeat(64),
  codeBytes: 1,
  lastModified: "2026-01-01T00:00:00.000+0000",
  revisionId: "1",
  eventInvoke: null,
  reservedConcurrency: null,
};
