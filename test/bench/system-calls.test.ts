/** A message costs in a deployment what it costs without one: counted, not measured. */
import { BenchHome } from "../../bench/home.js";
import { deployedCalls, nativeCalls } from "../../bench/system-calls.js";
import { needing } from "../process/requirements.js";

const messages = 100;

needing("strace")("no system call is added to a message, on either side", async (t) => {
  const native = await nativeCalls(messages);
  const home = new BenchHome();
  try {
    t.deepEqual(await deployedCalls(home, messages), native);
  } finally {
    await home.close();
  }
  t.deepEqual(
    [...native.client],
    [
      ["recvfrom", messages],
      ["sendto", messages],
    ],
  );
  t.deepEqual(native.server.get("recvfrom"), messages);
});
