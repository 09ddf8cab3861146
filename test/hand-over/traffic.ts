/** Requests, on connections of their own and on one that stays, and a download beside them. */
import { Agent, get } from "node:http";

export interface Traffic {
  readonly answers: ReadonlyMap<string, number>;
  /** What was downloaded. */
  readonly lines: readonly string[];
}

/** Until so many requests are answered and `enough` says so; rejects with the first error. */
export async function traffic(
  address: string,
  port: number,
  requestsMin: number,
  enough: () => boolean,
): Promise<Traffic> {
  const kept = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (path: string, agent: Agent | false) => text(address, port, path, agent);
  const download = ask("/stream", false);
  // Whoever awaits it comes later.
  download.catch(() => undefined);
  const answers = new Map<string, number>();
  try {
    for (let count = 0; count < requestsMin || !enough(); count += 1) {
      const answer = await ask("/", count % 2 === 0 ? kept : false);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
      await new Promise((resolve) => setTimeout(resolve, 4));
    }
    await ask("/end", false);
    return { answers, lines: (await download).trimEnd().split("\n") };
  } finally {
    kept.destroy();
  }
}

function text(host: string, port: number, path: string, agent: Agent | false): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ host, port, path, agent }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        body += part;
      });
      response.once("end", () => resolve(body));
      response.once("error", reject);
    });
    request.once("error", reject);
  });
}
