import test from "ava";
import { EndReports } from "../../simulator/lambda/end-reports.js";
import type { EnvironmentEnded } from "../../simulator/lambda/environment-contract.js";

function ended(id: string): EnvironmentEnded {
  const process = { pid: 7, exitCode: null, signal: null };
  const of = { id, functionName: "web", tenantId: "web-0" };
  return { ...of, reason: "exited", payload: null, ...process };
}

test("endings from before the first listener are told to it, once and in order", async (t) => {
  const reports = new EndReports();
  const [first, second]: [string[], string[]] = [[], []];
  reports.report(ended("a"));
  reports.report(ended("b"));
  reports.add(({ id }) => first.push(id));
  reports.add(({ id }) => second.push(id));
  await Promise.resolve();
  reports.report(ended("c"));
  t.deepEqual(first, ["a", "b", "c"]);
  t.deepEqual(second, ["c"]);
});

test("a listener that was removed is told nothing", (t) => {
  const reports = new EndReports();
  const told: string[] = [];
  const listener = ({ id }: EnvironmentEnded) => told.push(id);
  reports.add(listener);
  reports.remove(listener);
  reports.report(ended("a"));
  t.deepEqual(told, []);
});
