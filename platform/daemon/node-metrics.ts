/** Hosts, wakes, environments and the price of looking at them. */
import type { SensingCost } from "../idle/sensing.js";
import type { SupervisedHost } from "../supervisor/supervised-host.js";
import type { Supervisor } from "../supervisor/supervisor.js";
import type { Metric, Sample } from "./exposition.js";
import type { Node } from "./node.js";

export interface Deployed {
  readonly deployment: string;
  readonly supervisor: Supervisor;
}

interface SampledNode extends Pick<Node, "environments" | "billedMs"> {
  readonly sensing: { readonly cost: SensingCost };
}

export function nodeMetrics(deployed: readonly Deployed[], node: SampledNode): readonly Metric[] {
  return [
    hostStates(deployed),
    ...hostMetrics(deployed, node),
    environments(node),
    ...sensing(node),
  ];
}

/** Every declared host counts: most of ten thousand are imaginary, and have no series else. */
function hostStates(deployed: readonly Deployed[]): Metric {
  const samples = deployed.flatMap(({ deployment, supervisor }) => {
    const counts = new Map<string, number>();
    for (const { state } of supervisor.hosts.values()) {
      counts.set(state, (counts.get(state) ?? 0) + 1);
    }
    return [...counts].map(([state, value]) => ({ labels: { deployment, state }, value }));
  });
  return { name: "im_hosts", type: "gauge", help: "Declared hosts by their states.", samples };
}

/** Of hosts that were ever real. */
function hostMetrics(deployed: readonly Deployed[], node: SampledNode): readonly Metric[] {
  const each = (read: (host: SupervisedHost) => number | null): readonly Sample[] =>
    deployed.flatMap(({ deployment, supervisor }) =>
      [...supervisor.hosts.values()].flatMap((host) => {
        const value = host.incarnation === 0 ? null : read(host);
        if (value === null) return [];
        return [{ labels: { deployment, host: host.declared.name }, value }];
      }),
    );
  return [
    {
      name: "im_wakes_total",
      type: "counter",
      help: "How often a host was woken.",
      samples: each(({ history }) => history.wakes),
    },
    {
      name: "im_host_incarnation",
      type: "gauge",
      help: "The incarnation that a host is, or was last.",
      samples: each(({ incarnation }) => incarnation),
    },
    {
      name: "im_wake_seconds",
      type: "gauge",
      help: "From the signal of a host's last wake until it ran.",
      samples: each(({ history }) => seconds(history.lastWake?.tookMs)),
    },
    {
      name: "im_billed_seconds_total",
      type: "counter",
      help: "What a host's invocations cost.",
      samples: each(({ declared }) => seconds(node.billedMs(declared.functionName, declared.name))),
    },
  ];
}

function environments(node: SampledNode): Metric {
  const all = [...node.environments().values()];
  const invoked = all.filter((one) => one.invoked).length;
  return {
    name: "im_environments",
    type: "gauge",
    help: "Environments that hosts have or had, by whether an invocation is under way in them.",
    samples: [
      { labels: { invoked: "true" }, value: invoked },
      { labels: { invoked: "false" }, value: all.length - invoked },
    ],
  };
}

function sensing({ sensing: { cost } }: SampledNode): readonly Metric[] {
  return [
    {
      name: "im_sensing_looks_total",
      type: "counter",
      help: "Looks at the sockets and processes of the node.",
      samples: [{ value: cost.looks }],
    },
    {
      name: "im_sensing_seconds_total",
      type: "counter",
      help: "Processor time of all looks together.",
      samples: [{ value: cost.usedMs / 1000 }],
    },
    {
      name: "im_sensing_connections",
      type: "gauge",
      help: "Connections that the last look saw.",
      samples: [{ value: cost.connections }],
    },
  ];
}

function seconds(ms: number | undefined): number | null {
  return ms === undefined ? null : ms / 1000;
}
