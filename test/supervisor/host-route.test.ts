/** The way to a host that another node has: what is carried there, and what where it is not. */
import test from "ava";
import type { HostEvent } from "../../platform/lifecycle/events.js";
import type { Route } from "../../platform/ports/elsewhere.js";
import { routeOf } from "../../platform/supervisor/host-route.js";

const declared = { name: "web", address: 0x7f400001 };
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

class RouteRig {
  readonly asked: Route[] = [];
  readonly sent: HostEvent[] = [];
  carried = 0;
  readonly route;
  readonly #answers: { readonly take: (taken: boolean) => void; readonly fail: () => void }[] = [];

  constructor() {
    const carry = (route: Route) =>
      new Promise<boolean>((take, reject) => {
        this.asked.push(route);
        this.#answers.push({ take, fail: () => reject(new Error("no way")) });
      });
    this.route = routeOf({
      context: { ports: { elsewhere: { carry, setGate: () => undefined } } },
      declared,
      send: (event) => this.sent.push(event),
      onCarried: () => {
        this.carried += 1;
      },
    });
  }

  follow(incarnation: number): void {
    this.route?.follow("node-2", incarnation);
  }

  async ends(how: "taken" | "refused" | "failed"): Promise<void> {
    const answer = this.#answers.shift();
    if (how === "failed") answer?.fail();
    else answer?.take(how === "taken");
    await turn();
  }
}

test("what waits is carried to the node that has the host, with the life known", async (t) => {
  const rig = new RouteRig();
  rig.follow(7);
  t.deepEqual(rig.asked, [
    { node: "node-2", host: declared.name, address: declared.address, incarnation: 7 },
  ]);
  t.is(rig.carried, 0);
  await rig.ends("taken");
  t.is(rig.carried, 1);
  t.deepEqual(rig.sent, []);
});

for (const how of ["refused", "failed"] as const) {
  test(`a route that is ${how} is lost for the life that it was asked for`, async (t) => {
    const rig = new RouteRig();
    rig.follow(7);
    await rig.ends(how);
    t.deepEqual(rig.sent, [{ type: "route.lost", incarnation: 7 }]);
    t.is(rig.carried, 0);
  });
}

test("one way is gone at a time, and the next after its end", async (t) => {
  const rig = new RouteRig();
  rig.follow(7);
  rig.follow(7);
  t.is(rig.asked.length, 1);
  await rig.ends("refused");
  rig.follow(8);
  t.is(rig.asked.at(-1)?.incarnation, 8);
  await rig.ends("taken");
  rig.follow(8);
  t.is(rig.asked.length, 3);
});

test("where there are no other nodes there is no way to them", (t) => {
  const nothing = { send: () => t.fail(), onCarried: () => t.fail() };
  t.is(routeOf({ context: { ports: {} }, declared, ...nothing }), null);
});
