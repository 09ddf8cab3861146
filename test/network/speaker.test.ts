/** Who spoke last, by the real kernel: questions and answers within one of its ticks. */
import { once } from "node:events";
import net from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { systemClock } from "../../platform/daemon/system-clock-adapter.js";
import { type Heard, hear } from "../../platform/idle/heard.js";
import { SystemSensor } from "../../platform/network/sensor-adapter.js";
import { loadAddon } from "../../shim/index.js";
import { connect, dotted, ownAddress } from "../addon/loopback.js";

const address = ownAddress();
const sensor = new SystemSensor(loadAddon(), systemClock);
/** Both kernels have acknowledged by then. */
const settledMs = 300;

async function talk(t: ExecutionContext) {
  const server = net.createServer({ noDelay: true });
  server.listen(0, dotted(address));
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  const accepted = once(server, "connection");
  const peer = await connect(address, port);
  const [host] = (await accepted) as [net.Socket];
  t.teardown(() => {
    for (const socket of [host, peer]) socket.destroy();
    server.close();
  });
  const says = async (from: net.Socket, to: net.Socket) => {
    const got = once(to, "data");
    from.write("1");
    await got;
  };
  let heard: Heard | null = null;
  const look = () => {
    const now = sensor.connectionsOf(address).find((one) => one.port === port);
    if (now !== undefined) heard = hear(heard, now, systemClock.monotonicMs());
    return heard?.speaker;
  };
  return {
    asks: () => says(peer, host),
    answers: () => says(host, peer),
    look: async () => {
      await delay(settledMs);
      return look();
    },
  };
}

test("a question that was answered at once is answered", async (t) => {
  const { asks, answers, look } = await talk(t);
  await asks();
  await answers();
  await look();
  for (let times = 0; times < 3; times += 1) {
    await asks();
    await answers();
    t.is(await look(), "host");
  }
  for (let times = 0; times < 5; times += 1) {
    await asks();
    await answers();
  }
  t.is(await look(), "host");
});

test("a question that came at once after an answer is not answered", async (t) => {
  const { asks, answers, look } = await talk(t);
  await asks();
  await answers();
  await asks();
  t.not(await look(), "host");
  for (let times = 0; times < 3; times += 1) {
    await answers();
    await asks();
    t.not(await look(), "host");
  }
  for (let times = 0; times < 5; times += 1) {
    await answers();
    await asks();
  }
  t.not(await look(), "host");
});

test("whoever greets and is asked at once has not answered", async (t) => {
  const { asks, answers, look } = await talk(t);
  await answers();
  await asks();
  t.not(await look(), "host");
});
