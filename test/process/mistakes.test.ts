import { existsSync } from "node:fs";
import { needing } from "./requirements.js";
import { World } from "./world.js";

const text = `deployment: Shop
hosts:
  web:
    comand: node server.js
    listen: [80, 99999]
    directory: ~/web
    environment: {IM_HOST: web}
  api:
    command: "node 'api.js"
    bootTimeout: 20m
  db:
    command: redis-server
    ready: listen
    memory: 512
  api: {command: again}
`;

needing()("a manifest with ten mistakes is answered with ten errors at their places", async (t) => {
  const world = await World.of(t);
  const file = await world.write("wrong.yaml", text);
  const { code, stdout, stderr } = await world.im("deploy", file);
  t.deepEqual([code, stdout], [1, ""]);
  const errors = stderr.match(/^error\[IM_MANIFEST_\w+\]: .+ \(.+:\d+:\d+\)$/gm) ?? [];
  t.is(errors.length, 10, stderr);
  const places = errors.map((line) => line.replace(/.*wrong\.yaml:(\d+:\d+)\)$/, "$1"));
  t.is(new Set(places).size, 10, places.join(" "));
  t.is(stderr.match(/^ {2}fix: /gm)?.length, 10);
  t.false(existsSync(world.home));
});
