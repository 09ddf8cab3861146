/** Daemon, guests and clients of a user without privileges. */
import { declareLives } from "./lives.js";
import { becomeUnprivileged } from "./unprivileged-user.js";

const lacks = becomeUnprivileged() ? [] : ["a checkout that others may read"];

declareLives({ called: "of a plain user", isRoot: false, lacks });
