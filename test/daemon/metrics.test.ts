import test from "ava";
import { formatMetrics } from "../../platform/daemon/exposition.js";
import { nodeMetrics } from "../../platform/daemon/node-metrics.js";
import { buildInfo, processMetrics } from "../../platform/daemon/process-metrics-adapter.js";
import { declared, SupervisorRig } from "../supervisor/supervisor-rig.js";

const sensing = { cost: { looks: 3, connections: 20, usedMs: 12 } };

test("labels and help are escaped, and a metric without samples is left out", (t) => {
  const samples = [{ labels: { name: 'a"b\\c\nd', other: "e" }, value: 1.5 }, { value: 2 }];
  const metrics = [
    { name: "im_x", type: "gauge", help: "Two\nlines \\ one.", samples },
    { name: "im_none", type: "counter", help: "Nothing.", samples: [] },
  ] as const;
  t.is(
    formatMetrics(metrics),
    [
      "# HELP im_x Two\\nlines \\\\ one.",
      "# TYPE im_x gauge",
      'im_x{name="a\\"b\\\\c\\nd",other="e"} 1.5',
      "im_x 2",
      "",
    ].join("\n"),
  );
});

test("hosts are counted by state, and each that was ever real has its wakes", async (t) => {
  const rig = new SupervisorRig([declared("web", 1, [80]), declared("api", 2, [3000])]);
  await rig.boot(80);
  const environments = () =>
    new Map([
      ["one", { invoked: true, pid: 7 }],
      ["other", { invoked: false, pid: 8 }],
    ]);
  const node = { environments, billedMs: () => 1500, sensing };
  const deployed = [{ deployment: "shop", supervisor: rig.supervisor }];
  const series = formatMetrics(nodeMetrics(deployed, node))
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  t.deepEqual(series, [
    'im_hosts{deployment="shop",state="running"} 1',
    'im_hosts{deployment="shop",state="imaginary"} 1',
    'im_wakes_total{deployment="shop",host="web"} 1',
    'im_host_incarnation{deployment="shop",host="web"} 1',
    'im_wake_seconds{deployment="shop",host="web"} 0',
    'im_billed_seconds_total{deployment="shop",host="web"} 1.5',
    'im_environments{invoked="true"} 1',
    'im_environments{invoked="false"} 1',
    "im_sensing_looks_total 3",
    "im_sensing_seconds_total 0.012",
    "im_sensing_connections 20",
  ]);
});

test("the daemon's own process and version are told", (t) => {
  const text = formatMetrics([buildInfo("1.2.3"), ...processMetrics()]);
  t.regex(text, /^im_build_info\{version="1\.2\.3",node="v\d+\.\d+\.\d+"\} 1$/m);
  t.regex(text, /^process_resident_memory_bytes [1-9]\d+$/m);
  t.regex(text, /^process_open_fds [1-9]\d*$/m);
  t.regex(text, /^process_cpu_seconds_total \d/m);
});
