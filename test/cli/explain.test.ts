/** Commands that explain, as processes, before a daemon over the fake service. */
import { existsSync } from "node:fs";
import test from "ava";
import {
  callIm,
  type FakeDaemon,
  startFakeDaemon,
} from "../fixtures/daemon/fake-daemon-process.js";
import { temporaryConfiguration } from "../fixtures/daemon/temporary-home.js";

async function im(daemon: FakeDaemon, ...words: readonly string[]) {
  return await callIm(words, { home: daemon.configuration.home });
}

test("a host is suspended by hand, and asked why it is what it is", async (t) => {
  const daemon = await startFakeDaemon(t, { FAKE_DEPLOYMENTS: "shop=web" });
  const suspended = await im(daemon, "suspend", "web");
  t.regex(suspended.stdout, /^web: suspended \(\d+ ms\)\n$/);
  const told = await im(daemon, "why", "web");
  t.is(
    told.stdout,
    "web is suspended (never real yet)\n" + "would be woken by: a connection to port 8080\n",
  );
  const json = await im(daemon, "why", "web", "--json");
  t.like(JSON.parse(json.stdout), { host: "web", state: "suspended", chain: [] });
  const nobody = await im(daemon, "why", "wbe");
  t.is(nobody.code, 1);
  t.regex(nobody.stderr, /^error\[IM_NO_HOST\]: /);
});

test("metrics are those of everything that is deployed", async (t) => {
  const daemon = await startFakeDaemon(t, { FAKE_DEPLOYMENTS: "shop=web" });
  const { code, stdout } = await im(daemon, "metrics");
  t.is(code, 0);
  t.regex(stdout, /^# TYPE im_build_info gauge$/m);
  t.regex(stdout, /^im_hosts\{deployment="shop"\} 1$/m);
});

test("the doctor needs no daemon, and his exit code says whether hosts can run here", async (t) => {
  const { home, lockFile } = temporaryConfiguration(t);
  const { code, stdout } = await callIm(["doctor", "--json"], { home });
  const { ok, checks } = JSON.parse(stdout);
  t.is(code, ok ? 0 : 2);
  t.true(checks.length > 10);
  t.false(existsSync(lockFile));
  const unfit = await callIm(["doctor"], { home: "/proc/im" });
  t.is(unfit.code, 2);
  t.regex(unfit.stdout, /^IM_HOME +no .*\n(.*\n)*missing, and necessary: IM_HOME\n$/m);
});
