import test from "ava";
import { decodeError, encodeError } from "../../platform/daemon/error-codec.js";
import { ImError } from "../../platform/errors/im-error.js";

test("an error survives the way through JSON, but for its cause", (t) => {
  const details = {
    what: "port 80 is taken",
    expected: "a free port",
    received: "nginx",
    fix: "stop nginx",
    place: { file: "/m.yaml", line: 3, column: 7 },
  };
  const error = new ImError("IM_PORT_TAKEN", { ...details, cause: new Error("secret") });
  const decoded = decodeError(JSON.parse(JSON.stringify(encodeError(error))));
  t.is(decoded.code, "IM_PORT_TAKEN");
  t.deepEqual(decoded.details, details);
});

test("what is no ImError tells its caller nothing but to look into the log", (t) => {
  const body = encodeError(new TypeError("password is hunter2"));
  t.is(body.code, "IM_INTERNAL");
  t.notRegex(JSON.stringify(body), /hunter2/);
});

test("what the machine has run out of is told, and nothing else of the error", (t) => {
  for (const code of ["EMFILE", "ENFILE", "ENOSPC", "EDQUOT", "ENOMEM", "EROFS"]) {
    const body = encodeError(Object.assign(new Error("write, hunter2"), { code }));
    t.is(body.code, "IM_MACHINE_LIMIT");
    t.is(body.details.received, code);
    t.notRegex(JSON.stringify(body), /hunter2/);
  }
});

test("a code of a newer version keeps its name in the text", (t) => {
  const decoded = decodeError({ code: "IM_NEW", details: { what: "something new" } });
  t.is(decoded.code, "IM_INTERNAL");
  t.is(decoded.details.what, "IM_NEW: something new");
});

for (const body of [null, 7, "x", [], {}, { code: "toString" }, { code: "IM_USAGE", details: 1 }]) {
  test(`garbage is an error itself: ${JSON.stringify(body)}`, (t) => {
    t.is(decodeError(body).code, "IM_INTERNAL");
  });
}
