/** The C parts under sanitizers: their own tests find nothing that they do not find otherwise. */
import test, { type ExecutionContext } from "ava";
import { type Flags, testAgain } from "./second-build.js";

/** Programs of their own: address and undefined behaviour. */
const programs: Flags = {
  variables: ["SANITIZE=1", "CFLAGS=-O1 -g"],
  targets: ["im-init", "im-exec"],
  environment: {
    // What is still allocated at exec or _exit is no leak.
    ASAN_OPTIONS: "detect_leaks=0:abort_on_error=1:log_path=@findings",
    UBSAN_OPTIONS: "halt_on_error=1:print_stacktrace=1",
  },
};

/** In somebody else's process there is no room for a sanitizer's runtime: undefined traps. */
const libraries: Flags = {
  variables: ["CFLAGS=-O1 -g -fsanitize=undefined -fsanitize-undefined-trap-on-error"],
  targets: ["libim-shim.so", "im-addon.node", "im-init", "im-exec"],
  environment: {},
};

function passes(t: ExecutionContext, flags: Flags, tests: readonly string[]): void {
  t.timeout(180_000);
  const { status, output, findings } = testAgain(t, flags, tests);
  t.deepEqual(findings, []);
  t.is(status, 0, output);
}

test.serial("init and exec do nothing wrong in their tests (ASan, UBSan)", (t) => {
  passes(t, programs, ["init/*.test.js"]);
});

test.serial("the preload library does nothing undefined in its tests (UBSan)", (t) => {
  const files = ["connect", "exec", "handover", "names"].map((name) => `shim/${name}.test.js`);
  passes(t, libraries, files);
});
