/** Commands that explain, as processes, before a daemon over the fake service. */
import test from "ava";
import {
  callIm,
  type FakeDaemon,
  startFakeDaemon,
} from "../fixtures/daemon/fake-daemon-process.js";

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
